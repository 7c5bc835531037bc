/* Every equation: SD_EQUATION(name), defined in name.c. The order is that of -dataset_equation's choices. */
SD_EQUATION(poisson)
