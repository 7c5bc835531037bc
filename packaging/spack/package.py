"""Spindrift for Spack 1.0 or later: a repository of your own (spack repo create) takes this file as packages/spindrift/package.py.

Not in Spack's collection, and there is no release to download: spack develop --path SOURCE spindrift@main tells Spack where the source is.
"""
from spack_repo.builtin.build_systems.makefile import MakefilePackage

from spack.package import *


class Spindrift(MakefilePackage):
    """Spiking neural networks for scientific computing, trained by randomized
    forward gradients: functions, operators and partial differential equations,
    compared with PETSc's own solutions."""

    version("main", branch="main")

    variant("plots", default=True, description="What the programs that draw runs need")

    depends_on("c", type="build")
    depends_on("pkgconfig", type="build")
    depends_on("mpi")
    depends_on("petsc@3.18 +mpi+double~complex~int64")
    depends_on("hdf5@1.10: +mpi")
    depends_on("random123", type="build")
    depends_on("libyaml")
    depends_on("lapack")
    depends_on("blas")
    with when("+plots"):
        depends_on("python@3.9:", type="run")
        depends_on("py-h5py", type="run")
        depends_on("py-numpy", type="run")
        depends_on("py-matplotlib", type="run")

    @property
    def settings(self):
        """What is called otherwise here than on Debian."""
        libraries = self.spec["lapack"].libs + self.spec["blas"].libs
        return ["CC={0}".format(self.spec["mpi"].mpicc), "HDF5=hdf5", "LAPACK={0}".format(libraries.ld_flags)]

    def build(self, spec, prefix):
        make("all", *self.settings)

    def install(self, spec, prefix):
        make("install", "PREFIX={0}".format(prefix), *self.settings)

    def setup_run_environment(self, env):
        env.set("SPINDRIFT_DIR", self.prefix)

    def test_version(self):
        """the executable runs"""
        which(self.prefix.bin.spindrift, required=True)("-version")

    def test_poisson(self):
        """a short run on Poisson's equation keeps its tolerance"""
        spindrift = which(self.prefix.bin.spindrift, required=True)
        spindrift("train", join_path(self.prefix.share, "spindrift", "inputs", "poisson1d.yaml"), "-train_steps", "50", "-run_dir", "run")
        spindrift("compare", "run", "-tolerance", "5e-2")
