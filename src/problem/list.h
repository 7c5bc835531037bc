/* Every problem: SD_PROBLEM(name, "description", Create). The order is that of -problem_type's choices. */
SD_PROBLEM(regression, "a known function on a uniform grid (-problem_function)", SdProblemCreate_Regression)
SD_PROBLEM(data, "points and values of an HDF5 file (-problem_file)", SdProblemCreate_Data)
SD_PROBLEM(poisson, "-div(c grad u) = f on the unit interval, square or cube, Dirichlet (-problem_grid)", SdProblemCreate_Poisson)
SD_PROBLEM(helmholtz, "u_xx + u_yy + u = q on [-1,1]^2, u = sin(pi x) sin(4 pi y), Dirichlet", SdProblemCreate_Helmholtz)
SD_PROBLEM(heat, "u_t = c u_xx on [0,1] x [0,1] (-problem_grid, -problem_diffusivity)", SdProblemCreate_Heat)
SD_PROBLEM(burgers, "u_t + u u_x = c u_xx on [-1,1] x [0,1], u_0 = -sin pi x, Dirichlet", SdProblemCreate_Burgers)
SD_PROBLEM(allen_cahn, "u_t = c u_xx + 5 u - 5 u^3 on [-1,1] x [0,1], u_0 = x^2 cos pi x, periodic", SdProblemCreate_AllenCahn)
SD_PROBLEM(linear, "A u = b from PETSc binary files (-problem_matrix)", SdProblemCreate_Linear)
