/* Symmetries of an equation on given points: images of input functions and of outputs under every element of its group, exactly, by exchanging
   values and signs. Not collective. */
#ifndef SPINDRIFT_SYMMETRY_H
#define SPINDRIFT_SYMMETRY_H

#include <spindrift/equation.h>

typedef struct SdGroup_ *SdGroup;

struct SdGroup_ {
  PetscInt  n;              /* elements; element 0 changes nothing */
  PetscInt  nsensor, nnode; /* values of an input function, of an output at one time */
  PetscInt  nfactor;        /* generators in use */
  PetscInt  order[SD_SYMMETRIES];
  PetscInt  generator[SD_SYMMETRIES];                    /* which of eq->symmetry */
  int       input[SD_SYMMETRIES], output[SD_SYMMETRIES]; /* signs */
  PetscInt *sensor[SD_SYMMETRIES], *node[SD_SYMMETRIES]; /* [order][nsensor], [order][nnode]: where a power's image takes each value from */
  double   *form;                                        /* [nsensor] what canonical images resemble most */
  char      text[160];                                   /* the generators in use: "64 shifts of axis 0, reflection of axis 0 with signs -1 and -1" */
  char      left_out[160];                               /* those that the points do not allow; "" */
};

/*
  SdGroupCreate - the symmetries that map both sets of points onto themselves; shifts by as small a part of the axis as that allows, or
  as the group like has (OPTIONAL, borrowed for the call), of which no others are taken.

  Input:  sensors [nsensor][eq->space], nodes [nnode][eq->space] - where input functions and outputs are known; in a periodic equation both ends of
          an axis are the same point. Coordinates count as equal within 1e-9 of the side. Nothing is kept of them
  Output: group - of one element, where the equation has no symmetry or the points allow none
  Errors: SD_ERR_USAGE when there are so many shifts that their tables would not fit
*/
PETSC_EXTERN PetscErrorCode SdGroupCreate(const SdEquation *eq, PetscInt nsensor, const double sensors[], PetscInt nnode, const double nodes[], SdGroup like, SdGroup *group);
PETSC_EXTERN PetscErrorCode SdGroupDestroy(SdGroup *group);

/* SdGroupInput, SdGroupOutput - the images of an input function a[nsensor] and of the output u[levels][nnode] that belongs to it under an element, 0 to
   n - 1. The image is another array. */
PETSC_EXTERN void SdGroupInput(SdGroup group, PetscInt element, const double a[], double image[]);
PETSC_EXTERN void SdGroupOutput(SdGroup group, PetscInt element, PetscInt levels, const double u[], double image[]);

/*
  SdGroupCanonical - of all images of a[nsensor] the one with the largest sum over sensors of its values times

    1 + sum over axes a of 2^-a f(s_a),   s_a from 0 to 1 along the box, f = cos(2 pi s) on an axis with shifts, 2 s - 1 on others

  It is the same one for every image of a. Returns its element; ties: the first.

  SdGroupBack - the output u[levels][nnode] whose image under an element is given. Not the array image itself.
*/
PETSC_EXTERN PetscInt SdGroupCanonical(SdGroup group, const double a[], double image[]);
PETSC_EXTERN void     SdGroupBack(SdGroup group, PetscInt element, PetscInt levels, const double image[], double u[]);

#endif
