/*
 * Where the JavaScript of this process starts from, see snapshot.h.
 */
#include "snapshot.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "module.h"
#include "snapshot_file.h"

namespace ai_runtime {
namespace {

constexpr char kLibraryFolder[] = "$libdir/";
constexpr char kDirective[] = "plv8 bundle ";

// A file as it was read; never changed after. data is nullptr when it cannot be used.
struct Image {
  bool tried = false;
  char path[MAXPGPATH] = "";
  char* data = nullptr;
  size_t size = 0;
};

Image image;
v8::StartupData blob = {nullptr, 0};
bool blob_decided = false;
// Its bytes are compared once in an image's life, by the postmaster where there is one.
bool blob_is_whole = false;

void SnapshotPath(char* path) {
  const char* setting = guc_snapshot != nullptr ? guc_snapshot : "";
  size_t prefix = strlen(kLibraryFolder);
  if (strncmp(setting, kLibraryFolder, prefix) == 0)
    snprintf(path, MAXPGPATH, "%s/%s", pkglib_path, setting + prefix);
  else
    strlcpy(path, setting, MAXPGPATH);
}

// Says why the file, or its blob, is not used. A missing file is news to nobody but
// who preloads the library.
void Decline(int level, const char* path, const char* reason) {
  ereport(level, (errmsg("JavaScript starts without the snapshot \"%s\": %s", path, reason),
                  errhint("plv8_snapshot makes it anew, as an installation does.")));
}

bool ReadAll(int descriptor, char* data, size_t size) {
  for (size_t done = 0; done < size;) {
    ssize_t got = read(descriptor, data + done, size - done);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    done += static_cast<size_t>(got);
  }
  return true;
}

// Reads the file into memory of our own: who truncates the file later harms nobody.
// Shared memory is shared with the children of this process. nullptr, or why not.
const char* ReadImage(int descriptor, bool shared) {
  struct stat status;
  if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) return "it is no file";
  size_t size = static_cast<size_t>(status.st_size);
  if (size == 0 || size > kMaxSnapshotBytes) return "its size is not a snapshot's";
  void* data = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                    MAP_ANONYMOUS | (shared ? MAP_SHARED : MAP_PRIVATE), -1, 0);
  if (data == MAP_FAILED) return "there is no memory for it";
  const char* reason = "it cannot be read";
  if (ReadAll(descriptor, static_cast<char*>(data), size))
    reason = CheckSnapshotHeader(static_cast<char*>(data), size);
  if (reason == nullptr && mprotect(data, size, PROT_READ) == 0) {
    image.data = static_cast<char*>(data);
    image.size = size;
    return nullptr;
  }
  munmap(data, size);
  return reason != nullptr ? reason : "its memory cannot be protected";
}

void LoadImage(bool in_postmaster) {
  char path[MAXPGPATH];
  SnapshotPath(path);
  if (image.tried && strcmp(image.path, path) == 0) return;
  image = Image();
  image.tried = true;
  strlcpy(image.path, path, MAXPGPATH);
  blob_is_whole = false;
  if (*path == '\0') return;
  int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    int level = in_postmaster || errno != ENOENT ? LOG : DEBUG1;
    return Decline(level, path, strerror(errno));
  }
  const char* reason = ReadImage(descriptor, in_postmaster);
  close(descriptor);
  if (reason != nullptr) Decline(LOG, path, reason);
}

// Why the blob is not what was written, or nullptr.
const char* CheckBlob() {
  const SnapshotSection& section = HeaderOf(image.data)->blob;
  if (!blob_is_whole && !IsWhole(image.data, section)) return "its blob is damaged";
  blob_is_whole = true;
  return nullptr;
}

// Where the name stands in a directive at the body's beginning, or nullptr.
const char* FindBundleName(const char* body, size_t* length) {
  body += strspn(body, " \t\r\n");
  char quote = *body;
  if (quote != '\'' && quote != '"') return nullptr;
  body++;
  if (strncmp(body, kDirective, strlen(kDirective)) != 0) return nullptr;
  body += strlen(kDirective);
  const char* end = strchr(body, quote);
  *length = end != nullptr ? static_cast<size_t>(end - body) : 0;
  return end != nullptr ? body : nullptr;
}

}  // namespace

void PreloadSnapshot() {
  LoadImage(true);
  if (image.data == nullptr) return;
  const char* reason = CheckBlob();
  if (reason != nullptr) Decline(LOG, image.path, reason);
}

v8::StartupData* StartupBlob() {
  if (blob_decided) return blob.data != nullptr ? &blob : nullptr;
  blob_decided = true;
  LoadImage(false);
  if (image.data == nullptr) return nullptr;
  const char* reason = nullptr;
  const SnapshotSection& section = HeaderOf(image.data)->blob;
  v8::StartupData found = {image.data + section.offset, static_cast<int>(section.bytes)};
  /* It was made with V8's own flags. */
  if (guc_v8_flags != nullptr && *guc_v8_flags != '\0')
    reason = "plv8.v8_flags is set";
  else if ((reason = CheckBlob()) == nullptr && !found.IsValid())
    reason = "V8 does not take it";
  if (reason != nullptr) {
    Decline(DEBUG1, image.path, reason);
    return nullptr;
  }
  blob = found;
  return &blob;
}

size_t ContextFor(Oid function) {
  bool isnull = false;
  size_t length = 0;
  if (StartupBlob() == nullptr || !OidIsValid(function)) return kPlainContext;
  HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
  if (!HeapTupleIsValid(tuple)) return kPlainContext;
  Datum source = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_prosrc, &isnull);
  char* body = isnull ? nullptr : TextDatumGetCString(source);
  ReleaseSysCache(tuple);
  const char* name = body ? FindBundleName(body, &length) : nullptr;
  for (uint32 i = 0; name && i < HeaderOf(image.data)->bundle_count; i++) {
    const SnapshotBundle& bundle = BundlesOf(image.data)[i];
    if (strlen(bundle.name) == length && memcmp(name, bundle.name, length) == 0)
      return bundle.context;
  }
  return kPlainContext;
}

bool NamesBundle(const char* body) {
  size_t length = 0;
  return FindBundleName(body, &length) != nullptr;
}

const char* BundleIn(size_t context) {
  if (context == kPlainContext) return nullptr;
  const SnapshotBundle* bundle = BundlesOf(image.data);
  while (bundle->context != context) bundle++;
  return bundle->name;
}

CodeCache FindCodeCache(const char* body, size_t bytes) {
  CodeCache cache;
  uint8 digest[kSha256Bytes];
  for (uint32 i = 0; image.data != nullptr && i < HeaderOf(image.data)->bundle_count; i++) {
    const SnapshotBundle& bundle = BundlesOf(image.data)[i];
    if (bundle.source_bytes != bytes) continue;
    Sha256Of(body, bytes, digest);
    if (memcmp(digest, bundle.source_sha256, kSha256Bytes) != 0) continue;
    if (!IsWhole(image.data, bundle.code_cache)) {
      Decline(LOG, image.path, "a code cache is damaged");
      break;
    }
    cache.data = reinterpret_cast<const uint8*>(image.data + bundle.code_cache.offset);
    cache.bytes = static_cast<int>(bundle.code_cache.bytes);
    break;
  }
  return cache;
}

}  // namespace ai_runtime
