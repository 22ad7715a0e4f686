/*
 * Where the JavaScript of this process starts from: the file of snapshot_file.h, if it
 * proves right, else V8's own start.
 *
 * Read and checked once: by the postmaster when it preloads the library, into memory
 * that all backends share; else by the backend. All isolates of a process start from
 * the same blob, as V8 shares read-only objects among them.
 */
#ifndef AI_RUNTIME_PLV8_SNAPSHOT_H_
#define AI_RUNTIME_PLV8_SNAPSHOT_H_

#include "pg_v8.h"

namespace ai_runtime {

// The context that holds no bundle.
constexpr size_t kPlainContext = 0;

// Reads the file in the postmaster; tells the log when it cannot be used.
void PreloadSnapshot();

// The blob that isolates are made from, or nullptr. Decided at the first call of a
// process; V8 must have been started. Raises only for want of memory.
v8::StartupData* StartupBlob();

// The blob's context for a role whose first function is this one: that of the bundle
// which its body names by a directive, `'plv8 bundle NAME';` ahead of all else.
// Without a blob always the plain one. Raises.
size_t ContextFor(Oid function);

// Whether the body begins with such a directive.
bool NamesBundle(const char* body);

// The name of the bundle in that context, or nullptr.
const char* BundleIn(size_t context);

// A piece of the file that V8 may compile a function body from.
struct CodeCache {
  const uint8* data = nullptr;
  int bytes = 0;
};

// The cache for exactly this body, or an empty one. Raises only for want of memory.
CodeCache FindCodeCache(const char* body, size_t bytes);

}  // namespace ai_runtime

#endif
