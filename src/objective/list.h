/* Every objective: SD_OBJECTIVE(name, "description", Create). The order is that of -loss_form's choices after auto. */
SD_OBJECTIVE(misfit, "1/(2B) sum (u - y)^2", SdObjectiveCreate_Misfit)
SD_OBJECTIVE(residual, "1/(2B) ||A u - b||^2", SdObjectiveCreate_Residual)
SD_OBJECTIVE(energy, "1/B (1/2 u'A u - b'u)", SdObjectiveCreate_Energy)
SD_OBJECTIVE(preconditioned, "1/(2B) ||M^-1 (A u - b)||^2", SdObjectiveCreate_Preconditioned)
SD_OBJECTIVE(newton, "1/(2B) ||A^-1 (A u - b)||^2", SdObjectiveCreate_Newton)
