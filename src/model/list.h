/* Every model: SD_MODEL(name, "description", ops). The order is that of -model_type's choices. */
SD_MODEL(mlp, "one network", SdModelOps_MLP)
SD_MODEL(deeponet, "operators: a branch that reads the input function, a trunk that reads the point, an inner product", SdModelOps_DeepONet)
SD_MODEL(seponet, "operators on tensor grids: a branch, and a trunk for each axis", SdModelOps_SepONet)
