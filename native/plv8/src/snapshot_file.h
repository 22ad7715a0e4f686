/*
 * The file that JavaScript starts from: a header, a table of bundles, V8's start-up
 * blob, a code cache a bundle. Each part has a SHA-256 of its own, so that a damaged
 * blob does not cost the code caches. Written by plv8_snapshot, read by snapshot.cc.
 */
#ifndef AI_RUNTIME_PLV8_SNAPSHOT_FILE_H_
#define AI_RUNTIME_PLV8_SNAPSHOT_FILE_H_

#include "pg_v8.h"

namespace ai_runtime {

constexpr char kSnapshotMagic[8] = {'P', 'L', 'V', '8', 'S', 'N', 'A', 'P'};
constexpr uint32 kSnapshotFormat = 1;
constexpr uint32 kMaxBundles = 64;
constexpr size_t kMaxSnapshotBytes = 256UL * 1024 * 1024;
constexpr size_t kSha256Bytes = 32;
// Sections begin at multiples of it; V8 wants aligned data.
constexpr size_t kSectionAlignment = 64;
// Flags of V8 wherever a part of the file is made or used: code caches want the same.
// A blob's own checksum is left out, as SHA-256 has told more.
constexpr char kV8Flags[] = "--no-verify-snapshot-checksum";
// With the terminating zero.
constexpr size_t kBundleNameBytes = 64;

struct SnapshotSection {
  uint64 offset;  // in the file
  uint64 bytes;
  uint8 sha256[kSha256Bytes];
};

struct SnapshotHeader {
  char magic[8];
  uint32 format;
  uint32 bundle_count;
  char v8_version[64];
  char build[32];  // of the sources that both programs were made of
  SnapshotSection blob;
  uint8 sha256[kSha256Bytes];  // of header and table, with zeroes here
};

// A script and the context of the blob that it was run in; the plain one, number 0,
// where V8 could not run it while it made the blob.
struct SnapshotBundle {
  char name[kBundleNameBytes];
  uint64 context;
  uint64 source_bytes;
  uint8 source_sha256[kSha256Bytes];
  SnapshotSection code_cache;
};

// The build that this program belongs to.
extern const char kSnapshotBuild[];

void Sha256Of(const void* data, size_t bytes, uint8* digest);

inline const SnapshotHeader* HeaderOf(const char* file) {
  return reinterpret_cast<const SnapshotHeader*>(file);
}
inline const SnapshotBundle* BundlesOf(const char* file) {
  return reinterpret_cast<const SnapshotBundle*>(file + sizeof(SnapshotHeader));
}

// The digest that belongs into the header of that file.
void HeaderSha256(const char* file, uint8* digest);

// Why header and table cannot be used here, or nullptr. After that both are whole and
// sections lie within the file.
const char* CheckSnapshotHeader(const char* file, size_t size);

// Whether the section's bytes are those that were written.
bool IsWhole(const char* file, const SnapshotSection& section);

}  // namespace ai_runtime

#endif
