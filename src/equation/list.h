/* Every equation: SD_EQUATION(name), defined in name.c. The order is that of -dataset_equation's choices. */
SD_EQUATION(poisson)
SD_EQUATION(reaction_diffusion)
SD_EQUATION(advection)
SD_EQUATION(burgers)
SD_EQUATION(heat)
SD_EQUATION(diffusion)
SD_EQUATION(darcy)
