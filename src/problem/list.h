/* Every problem: SD_PROBLEM(name, "description", Create). The order is that of -problem_type's choices. */
SD_PROBLEM(regression, "a known function on a uniform grid (-problem_function)", SdProblemCreate_Regression)
SD_PROBLEM(data, "points and values of an HDF5 file (-problem_file)", SdProblemCreate_Data)
SD_PROBLEM(poisson, "-div(c grad u) = f on the unit interval, square or cube, Dirichlet (-problem_grid)", SdProblemCreate_Poisson)
SD_PROBLEM(linear, "A u = b from PETSc binary files (-problem_matrix)", SdProblemCreate_Linear)
