/* HDF5 images: whole HDF5 files in memory, so that the file system is touched by plain POSIX calls alone.

   A file is built in memory, then published: written under a temporary name, flushed to disk and renamed, so a full disk is an
   ordinary error and the final name never holds a half-written file. A file is read whole, then parsed in memory. Metadata is in
   format v110 (checksummed), arrays carry a Fletcher-32 checksum, so a flipped bit is found on reading.

   A file is not trusted: a dataset that claims more numbers than a file of that size can hold, even packed, or that keeps them in
   another file is a failure before anything is allocated for it. What HDF5 itself does on bytes that are made to harm is not in our hands.

   One rank works with an image (not collective). The first thing that goes wrong with the file is put into why, one line that
   names the file; every later call on that image does nothing. So write the calls in a row and look at why once, by
   SdImageCheck() or, to skip a damaged file, by hand. The returned PetscErrorCode tells of programming and memory errors only. */
#ifndef SPINDRIFT_HDF5_IMAGE_H
#define SPINDRIFT_HDF5_IMAGE_H

#include <hdf5.h>
#include <petscsys.h>

#define SD_IMAGE_RANK 5     /* largest number of dimensions of an array */
#define SD_IMAGE_TEXT 60000 /* longest text */

typedef struct {
  hid_t  file;
  size_t size;                          /* bytes of the file that was read; 0: made here */
  char   path[PETSC_MAX_PATH_LEN];      /* the file's name, for messages */
  char   why[PETSC_MAX_PATH_LEN + 512]; /* "" while all is well */
} SdImage;

/* SdImageCreate - an empty file in memory that is to become path. */
PETSC_EXTERN PetscErrorCode SdImageCreate(const char path[], SdImage *image);

/* SdImageOpen - read path into memory and open it read-only. limit: largest size in bytes, 0 for none. */
PETSC_EXTERN PetscErrorCode SdImageOpen(const char path[], size_t limit, SdImage *image);

/* SdImagePublish - write an image to its path atomically: path.tmp, all bytes, fsync, rename, fsync of the folder. When it
   fails, path is untouched, path.tmp is gone, and why holds the system's reason. */
PETSC_EXTERN PetscErrorCode SdImagePublish(SdImage *image);

/* SdSyncFolder - make a rename last: flush the folder that holds path to disk. False with errno set when the system refuses; file systems that cannot
   flush a folder (EINVAL) are no failure. */
PETSC_EXTERN PetscBool SdSyncFolder(const char path[]);

/* SdImageClose - free the image; why stays readable. */
PETSC_EXTERN PetscErrorCode SdImageClose(SdImage *image);

/* SdImageCheck - raise SD_ERR_FILE on every rank of comm when why of rank 0 is not empty; image may be NULL on the other
   ranks. Collective on comm. */
PETSC_EXTERN PetscErrorCode SdImageCheck(MPI_Comm comm, const SdImage *image);

/* SdImageCheckTarget - that path, which is about to be written, is not there or is an HDF5 file of the kind to be written: one stamped with format (unless
   NULL), whose root group holds members (up to NULL; unless NULL) and nothing else. Collective on comm. Errors: SD_ERR_USAGE naming the key, path and what (the kind). */
PETSC_EXTERN PetscErrorCode SdImageCheckTarget(MPI_Comm comm, const char key[], const char path[], const char what[], const char format[], const char *const members[]);

/* SdImageFail - set why (unless it is set already) to "PATH: " and a formatted text. */
PETSC_EXTERN PetscErrorCode SdImageFail(SdImage *image, const char format[], ...) PETSC_ATTRIBUTE_FORMAT(2, 3);

/* SdImageStamp - write the header of a file of ours: attributes format, schema, spindrift (version) and step of the root group.
   SdImageCheckStamp - set why unless the file has this format and schema; what: how an error names such a file. *step: the header's. */
PETSC_EXTERN PetscErrorCode SdImageStamp(SdImage *image, const char format[], PetscInt schema, PetscInt step);
PETSC_EXTERN PetscErrorCode SdImageCheckStamp(SdImage *image, const char format[], const char what[], PetscInt schema, PetscInt *step);

/* SdImageHas - whether the file holds an object of this path; PETSC_FALSE after a failure. */
PETSC_EXTERN PetscErrorCode SdImageHas(SdImage *image, const char name[], PetscBool *has);

/* SdImageShape - number of dimensions and shape of a dataset that must exist. */
PETSC_EXTERN PetscErrorCode SdImageShape(SdImage *image, const char name[], PetscInt *ndim, PetscInt dim[SD_IMAGE_RANK]);

/*
  SdImageWriteArray - a dataset with a Fletcher-32 checksum; groups on its way are made.

  Input: type - H5T_NATIVE_FLOAT, H5T_NATIVE_DOUBLE, H5T_NATIVE_INT64, ...; dim[ndim], row-major, zeros allowed
         unit - attribute "unit", NULL for none

  SdImageReadArray - the file's type and shape must be exactly these.

  SdImageReadNumbers - as doubles, from floating-point or integer numbers of any size.

  SdImageReadNewNumbers - the same into an array that is allocated once the file is seen to hold this shape; the caller frees it. NULL
  after a failure.
*/
PETSC_EXTERN PetscErrorCode SdImageWriteArray(SdImage *image, const char name[], hid_t type, PetscInt ndim, const PetscInt dim[],
                                              const void *data, const char unit[]);
PETSC_EXTERN PetscErrorCode SdImageReadArray(SdImage *image, const char name[], hid_t type, PetscInt ndim, const PetscInt dim[],
                                             void *data);
PETSC_EXTERN PetscErrorCode SdImageReadNumbers(SdImage *image, const char name[], PetscInt ndim, const PetscInt dim[], double data[]);
PETSC_EXTERN PetscErrorCode SdImageReadNewNumbers(SdImage *image, const char name[], PetscInt ndim, const PetscInt dim[], double **data);

/* SdImageWriteText, SdImageReadText - a UTF-8 text as a scalar dataset. *text is allocated; NULL after a failure. */
PETSC_EXTERN PetscErrorCode SdImageWriteText(SdImage *image, const char name[], const char text[]);
PETSC_EXTERN PetscErrorCode SdImageReadText(SdImage *image, const char name[], char **text);

/* SdImageReadTexts - count texts of a dataset of any shape, of fixed or variable length, as text[count], each allocated; NULL after a failure. Failures
   are also a text of more than most bytes, and where lengths vary a dataset in chunks or a file that says otherwise how long a text is than where it lies. */
PETSC_EXTERN PetscErrorCode SdImageReadTexts(SdImage *image, const char name[], PetscInt count, size_t most, char **text);

/* SdImageGroup - make a group (and those on its way) unless it is there. */
PETSC_EXTERN PetscErrorCode SdImageGroup(SdImage *image, const char name[]);

/* Attributes of the object at a path ("/" is the file's own). Getting one that is missing or of another type is a failure. */
PETSC_EXTERN PetscErrorCode SdImageSetText(SdImage *image, const char object[], const char name[], const char text[]);
PETSC_EXTERN PetscErrorCode SdImageSetInt(SdImage *image, const char object[], const char name[], PetscInt value);
PETSC_EXTERN PetscErrorCode SdImageSetReal(SdImage *image, const char object[], const char name[], double value);
PETSC_EXTERN PetscErrorCode SdImageGetText(SdImage *image, const char object[], const char name[], char value[], size_t len);
PETSC_EXTERN PetscErrorCode SdImageGetInt(SdImage *image, const char object[], const char name[], PetscInt *value);
PETSC_EXTERN PetscErrorCode SdImageGetReal(SdImage *image, const char object[], const char name[], double *value);

#endif
