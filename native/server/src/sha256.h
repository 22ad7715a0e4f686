// SHA-256 (FIPS 180-4), with the processor's own instructions where it has them.
#ifndef AI_RUNTIME_SERVER_SHA256_H_
#define AI_RUNTIME_SERVER_SHA256_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "protocol.h"

namespace ai_runtime {

using Sha256Digest = std::array<uint8_t, AI_SHA256_BYTES>;

class Sha256 {
 public:
  Sha256();
  void Update(const void* data, size_t bytes);
  // The digest of all bytes so far; the object is spent afterwards.
  Sha256Digest Finish();

  static Sha256Digest Of(const void* data, size_t bytes);

 private:
  uint32_t state_[8];
  uint64_t total_bytes_ = 0;
  uint8_t block_[64];
  size_t block_bytes_ = 0;
};

// 64 lower-case hexadecimal digits.
std::string ToHex(const Sha256Digest& digest);

// Spreads digests over a hash table; they are uniform already.
struct Sha256DigestHash {
  size_t operator()(const Sha256Digest& digest) const {
    size_t value = 0;
    for (size_t i = 0; i < sizeof(value); ++i) value = value << 8 | digest[i];
    return value;
  }
};

}  // namespace ai_runtime

#endif  // AI_RUNTIME_SERVER_SHA256_H_
