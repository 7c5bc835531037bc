/* Every loss: SD_OBJECTIVE(name, description, Create). The order is that of -loss_form's choices after auto. */
SD_OBJECTIVE(misfit, "mean square distance from data", SdObjectiveCreate_Misfit)
SD_OBJECTIVE(residual, "mean square residual of the equation", SdObjectiveCreate_Residual)
SD_OBJECTIVE(energy, "energy of a symmetric positive definite equation (Ritz)", SdObjectiveCreate_Energy)
SD_OBJECTIVE(preconditioned, "mean square of the preconditioned residual", SdObjectiveCreate_Preconditioned)
