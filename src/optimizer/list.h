/* Every optimizer: SD_OPTIMIZER(name, description, create). Adding one is a line here and a file beside it. */
SD_OPTIMIZER(sgd, "gradient descent with momentum", SdOptimizerCreate_SGD)
SD_OPTIMIZER(adam, "Adam (arXiv 1412.6980)", SdOptimizerCreate_Adam)
SD_OPTIMIZER(adabelief, "AdaBelief (arXiv 2010.07468)", SdOptimizerCreate_AdaBelief)
SD_OPTIMIZER(isgd, "implicit gradient descent (arXiv 2303.01767)", SdOptimizerCreate_ISGD)
