#!/usr/bin/env python3
"""The Spack recipe run with stand-ins for Spack. usage: packaging.py PACKAGE.py SOURCE PREFIX
What the stand-ins know is what the recipe uses: an unknown directive is an error. Its build and install phases call the Makefile for real, its
stand-alone tests the executable that these install. Prints the packages that it depends on, one a line.
"""
import inspect
import os
import subprocess
import sys
import types


class Prefix(str):
    def __getattr__(self, name):
        return Prefix(os.path.join(self, name))


class Libraries(list):
    def __add__(self, other):
        return Libraries(list(self) + list(other))

    @property
    def ld_flags(self):
        return " ".join(self)


class Context:
    """with when(...):"""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False


def command(*words):
    subprocess.run(list(words), check=True, stdout=subprocess.DEVNULL)


def stand_ins(source, depends, variables):
    def depends_on(spec, type=("build", "link")):  # as Spack calls it
        assert set([type] if isinstance(type, str) else type) <= {"build", "link", "run", "test"}, type
        depends.append(spec.split("@")[0].split()[0])

    def make(*arguments):
        variables.update(word.split("=")[0] for word in arguments if "=" in word)
        here = [word.replace("HDF5=hdf5", "HDF5=hdf5-openmpi") for word in arguments]
        command("make", "-s", "-C", source, f"BUILD={os.environ.get('BUILD', 'build')}", *here)

    def which(path, required):
        assert required and os.access(path, os.X_OK), path
        return lambda *arguments: command(path, *arguments)

    return {
        "version": lambda name, branch: None,
        "variant": lambda name, default, description: None,
        "depends_on": depends_on,
        "when": lambda spec: Context(),
        "make": make,
        "which": which,
        "join_path": os.path.join,
    }


def main():
    path, source, prefix = sys.argv[1:]
    depends, variables = [], set()
    package = types.ModuleType("spack.package")
    package.__dict__.update(stand_ins(source, depends, variables))
    build_system = types.ModuleType("spack_repo.builtin.build_systems.makefile")
    build_system.MakefilePackage = type("MakefilePackage", (), {})
    for name in "spack", "spack_repo", "spack_repo.builtin", "spack_repo.builtin.build_systems":
        sys.modules[name] = types.ModuleType(name)
    sys.modules["spack.package"], sys.modules[build_system.__name__] = package, build_system
    recipe = types.ModuleType("recipe")
    exec(compile(open(path).read(), path, "exec"), recipe.__dict__)

    spindrift = recipe.Spindrift()
    spindrift.prefix = Prefix(prefix)
    library = types.SimpleNamespace(libs=Libraries(["-llapack", "-lblas"]))
    spindrift.spec = {"mpi": types.SimpleNamespace(mpicc="mpicc"), "lapack": library, "blas": library}
    environment = {}
    spindrift.setup_run_environment(types.SimpleNamespace(set=environment.__setitem__))
    assert environment == {"SPINDRIFT_DIR": prefix}, environment
    for phase in spindrift.build, spindrift.install:
        phase(spindrift.spec, spindrift.prefix)
    tests = [function for name, function in inspect.getmembers(spindrift, inspect.ismethod) if name.startswith("test_")]
    assert tests and inspect.getdoc(recipe.Spindrift), "no stand-alone tests, or no description"
    for test in tests:
        test()
    declared = {line.split()[0] for line in open(os.path.join(source, "Makefile")) if len(line.split()) > 1 and line.split()[1] in ("=", "?=", ":=")}
    assert variables <= declared, f"the Makefile has no {variables - declared}"
    print("\n".join(depends))


main()
