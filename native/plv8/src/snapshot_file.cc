/*
 * The checks of a snapshot file, see snapshot_file.h. V8 aborts the process that it
 * gives a wrong blob, so nothing is believed that was not compared.
 */
#include "snapshot_file.h"

#include <openssl/sha.h>

#include "build_id.h"

namespace ai_runtime {
namespace {

bool IsTerminated(const char* text, size_t size) { return memchr(text, '\0', size) != nullptr; }

bool IsWithin(const SnapshotSection& section, size_t size) {
  return section.offset % kSectionAlignment == 0 && section.offset <= size &&
         section.bytes <= size - section.offset && section.bytes <= INT_MAX;
}

}  // namespace

const char kSnapshotBuild[] = PLV8_BUILD_ID;

// Of libcrypto, which libnode needs anyway: PostgreSQL's own wants a resource owner, and
// the postmaster has none.
void Sha256Of(const void* data, size_t bytes, uint8* digest) {
  SHA256(static_cast<const uint8*>(data), bytes, digest);
}

void HeaderSha256(const char* file, uint8* digest) {
  size_t bytes =
      sizeof(SnapshotHeader) + HeaderOf(file)->bundle_count * sizeof(SnapshotBundle);
  std::vector<char> copy(file, file + bytes);
  memset(reinterpret_cast<SnapshotHeader*>(copy.data())->sha256, 0, kSha256Bytes);
  Sha256Of(copy.data(), bytes, digest);
}

const char* CheckSnapshotHeader(const char* file, size_t size) {
  const SnapshotHeader* header = HeaderOf(file);
  uint8 digest[kSha256Bytes];
  if (size < sizeof(SnapshotHeader) ||
      memcmp(header->magic, kSnapshotMagic, sizeof(kSnapshotMagic)) != 0)
    return "it is not a snapshot";
  if (header->format != kSnapshotFormat) return "its format is another";
  if (header->bundle_count > kMaxBundles ||
      size - sizeof(SnapshotHeader) < header->bundle_count * sizeof(SnapshotBundle))
    return "it is cut off";
  HeaderSha256(file, digest);
  if (memcmp(digest, header->sha256, kSha256Bytes) != 0)
    return "its header is damaged";
  if (strncmp(header->v8_version, v8::V8::GetVersion(), sizeof(header->v8_version)) != 0)
    return "it was made by another version of V8";
  if (strncmp(header->build, kSnapshotBuild, sizeof(header->build)) != 0)
    return "it was made by another build of plv8";
  if (!IsWithin(header->blob, size)) return "it is cut off";
  for (uint32 i = 0; i < header->bundle_count; i++) {
    const SnapshotBundle& bundle = BundlesOf(file)[i];
    if (!IsWithin(bundle.code_cache, size)) return "it is cut off";
    if (!IsTerminated(bundle.name, sizeof(bundle.name)) ||
        bundle.context > header->bundle_count)
      return "its table is damaged";
  }
  return nullptr;
}

bool IsWhole(const char* file, const SnapshotSection& section) {
  uint8 digest[kSha256Bytes];
  Sha256Of(file + section.offset, section.bytes, digest);
  return memcmp(digest, section.sha256, kSha256Bytes) == 0;
}

}  // namespace ai_runtime
