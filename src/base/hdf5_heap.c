/* Texts of variable length. They lie in global heaps, collections of objects without a checksum, to which a dataset or an attribute refers by a length,
   an address and an index. HDF5 1.10 takes room for the length and copies as many bytes as the heap says, and believes both. So the texts
   of a dataset are read here; those of an attribute, which tells no address, by HDF5 once every reference of the file is seen to fit. Layout: HDF5 File
   Format Specification, III.E and VIII.A. */
#include <string.h>
#include <spindrift/base.h>
#include "hdf5_impl.h"

enum { WIDTH     = 8,  /* bytes of a length, and of an address */
       HEADER    = 16, /* of a collection: magic, version, its length */
       OBJECT    = 16, /* of an object before its data: index, references, 4 bytes of zeros, length */
       REFERENCE = 16 /* length (4 bytes), address, index (4 bytes) */ };

typedef struct {
  const unsigned char *bytes;
  uint64_t             size;
} View;

static uint64_t Little(const unsigned char bytes[], int n)
{
  uint64_t value = 0;

  while (n--) value = value << 8 | bytes[n];
  return value;
}

/* The file's bytes, borrowed from the driver. What would make HDF5 look at other ones than we do is a failure. */
static PetscErrorCode Look(SdImage *image, View *view)
{
  const hid_t made    = H5Fget_create_plist(image->file);
  size_t      address = 0, length = 0;
  hsize_t     block  = 0;
  unsigned    shared = 0;
  void      **handle = NULL;

  PetscFunctionBegin;
  if (made < 0 || H5Pget_sizes(made, &address, &length) < 0 || H5Pget_userblock(made, &block) < 0 || H5Pget_shared_mesg_nindexes(made, &shared) < 0)
    PetscCall(SdImageFail(image, "a damaged superblock"));
  else if (length != WIDTH || address != WIDTH)
    PetscCall(SdImageFail(image, "%s of %zu bytes in its superblock, allowed: %d", length != WIDTH ? "lengths" : "addresses", length != WIDTH ? length : address, WIDTH));
  else if (block || shared)
    PetscCall(SdImageFail(image, "a user block, or shared messages; allowed beside texts of variable length: neither"));
  else if (!image->size || H5Fget_vfd_handle(image->file, H5P_DEFAULT, (void **)&handle) < 0 || !handle || !*handle)
    PetscCall(SdImageFail(image, "HDF5 does not give its bytes"));
  if (made >= 0) H5Pclose(made);
  *view = (View){0};
  if (!image->why[0] && handle) *view = (View){*handle, image->size};
  PetscFunctionReturn(0);
}

/* Where the data of an object begin, and how many bytes they are; 0: there is none, or the collection is damaged before it. */
static uint64_t Object(const View *v, uint64_t address, uint64_t index, uint64_t *size)
{
  uint64_t whole, at = HEADER;

  if (v->size < HEADER || address > v->size - HEADER || memcmp(v->bytes + address, "GCOL\1", 5)) return 0;
  whole = Little(v->bytes + address + WIDTH, WIDTH);
  if (whole > v->size - address) return 0;
  while (at + OBJECT <= whole) {
    const unsigned char *object = v->bytes + address + at;
    const uint64_t       each = Little(object, 2), data = Little(object + 8, WIDTH), room = whole - at - OBJECT;

    if (!each || Little(object + 4, 4) || data > room) return 0;
    if (each == index) {
      *size = data;
      return address + at + OBJECT;
    }
    at += OBJECT + (data + 7) / 8 * 8;
  }
  return 0;
}

/* Whether HDF5, which walks all of a collection, comes to its end: objects follow each other, the one of index 0 is what is left, its length counting from
   its own beginning. */
static PetscBool Sound(const View *v, uint64_t address)
{
  const unsigned char *heap  = v->bytes + address;
  const uint64_t       whole = Little(heap + WIDTH, WIDTH);
  uint64_t             at    = HEADER;

  while (at + OBJECT <= whole) {
    const uint64_t data = Little(heap + at + 8, WIDTH), room = whole - at;

    if (!Little(heap + at, 2)) return (PetscBool)(data == room);
    if (Little(heap + at + 4, 4) || data > room - OBJECT) return PETSC_FALSE;
    at += OBJECT + (data + 7) / 8 * 8;
  }
  return (PetscBool)(at <= whole);
}

/* The text of a reference: no address is the empty one, else the heap must have as many bytes as the reference says. */
static PetscBool Find(const View *v, const unsigned char reference[REFERENCE], uint64_t *at, uint64_t *length)
{
  const uint64_t address = Little(reference + 4, WIDTH);

  *at     = 0;
  *length = 0;
  if (!address) return PETSC_TRUE;
  *at = Object(v, address, Little(reference + 12, 4), length);
  return (PetscBool)(*at && *length == Little(reference, 4));
}

/* The references of a dataset that lies in one piece. */
static PetscErrorCode References(SdImage *image, const char name[], hid_t set, PetscInt count, const View *v, const unsigned char **reference)
{
  const hid_t    list   = H5Dget_create_plist(set);
  const haddr_t  offset = H5Dget_offset(set);
  const uint64_t bytes  = (uint64_t)count * REFERENCE;

  PetscFunctionBegin;
  *reference = NULL;
  if (list < 0 || H5Pget_layout(list) != H5D_CONTIGUOUS)
    PetscCall(SdImageFail(image, "text %s is chunked or compact; texts of variable length are read in one piece", name));
  else if (offset == HADDR_UNDEF || H5Dget_storage_size(set) != bytes || offset > v->size || bytes > v->size - offset)
    PetscCall(SdImageFail(image, "text %s is damaged, or was never written", name));
  else
    *reference = v->bytes + offset;
  if (list >= 0) H5Pclose(list);
  PetscFunctionReturn(0);
}

PetscErrorCode SdImageHeapTexts(SdImage *image, const char name[], hid_t set, PetscInt count, size_t most, char **text)
{
  const unsigned char *reference = NULL;
  View                 view;

  PetscFunctionBegin;
  PetscCall(Look(image, &view));
  if (!image->why[0]) PetscCall(References(image, name, set, count, &view, &reference));
  for (PetscInt i = 0; i < count && !image->why[0]; i++, reference += REFERENCE) {
    uint64_t length = 0, at = 0;

    if (!Find(&view, reference, &at, &length))
      PetscCall(SdImageFail(image, "the texts are damaged: text %s", name));
    else if (length > most)
      PetscCall(SdImageFail(image, "text %s has %llu bytes, at most %zu are read", name, (unsigned long long)length, most));
    if (image->why[0]) break;
    PetscCall(PetscCalloc1(length + 1, &text[i]));
    PetscCall(PetscArraycpy(text[i], (const char *)view.bytes + at, length));
  }
  PetscFunctionReturn(0);
}

/* Where the reference of an attribute is whose message has its name at this byte; 0: no message of this version, or not of variable length. What
   precedes the name: version, flags, three lengths of two bytes (name, type, space), since version 3 a character set; parts of version 1 are
   filled up to 8 bytes. */
static uint64_t Value(const View *v, uint64_t name, int version)
{
  const uint64_t       before = version == 3 ? 9 : 8, unit = version == 1 ? 8 : 1;
  const unsigned char *head = v->bytes + name - before;
  uint64_t             at   = name, type;
  PetscBool            elsewhere;

  if (name < before || head[0] != version) return 0;
  for (int i = 0; i < 3; i++) {
    at += (Little(head + 2 + 2 * i, 2) + unit - 1) / unit * unit;
    if (!i) type = at;
  }
  if (at > v->size - REFERENCE) return 0;
  elsewhere = (PetscBool)(version > 1 && head[1] & 1); /* the type is another object's */
  return elsewhere || (v->bytes[type] & 15) == H5T_VLEN ? at : 0;
}

/* Of several attributes of one name all must be sound: which of them HDF5 reads is not known here. */
PetscErrorCode SdImageCheckReference(SdImage *image, const char object[], const char name[])
{
  const size_t         length = strlen(name) + 1;
  const unsigned char *found;
  uint64_t             begin, bytes;
  PetscInt             count = 0;
  H5O_info_t           info;
  View                 view;

  PetscFunctionBegin;
  PetscCall(Look(image, &view));
  if (!image->why[0] && (H5Oget_info_by_name(image->file, object, &info, H5P_DEFAULT) < 0 || info.meta_size.attr.heap_size))
    PetscCall(SdImageFail(image, "%s has many attributes, in a heap of their own; no text of variable length is read there", object));
  found = image->why[0] || view.size < REFERENCE ? NULL : memmem(view.bytes, view.size, name, length);
  while (found && !image->why[0]) {
    const uint64_t place = (uint64_t)(found - view.bytes);

    for (int version = 1; version <= 3; version++) {
      const uint64_t at = Value(&view, place, version);

      if (at && (!Find(&view, view.bytes + at, &begin, &bytes) || (begin && !Sound(&view, Little(view.bytes + at + 4, WIDTH))))) PetscCall(SdImageFail(image, "the texts are damaged: attribute %s of %s, at byte %llu", name, object, (unsigned long long)at));
      count += at > 0;
    }
    found = memmem(found + 1, view.size - place - 1, name, length);
  }
  if (!count) PetscCall(SdImageFail(image, "attribute %s of %s is not found where HDF5 keeps attributes", name, object));
  PetscFunctionReturn(0);
}
