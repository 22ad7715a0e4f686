// The digests of FIPS 180-4's examples, however the bytes are cut.
#include "sha256.h"

#include <gtest/gtest.h>

namespace ai_runtime {
namespace {

TEST(Sha256, GivesTheDigestsOfTheStandard) {
  EXPECT_EQ(ToHex(Sha256::Of("", 0)),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(ToHex(Sha256::Of("abc", 3)),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const std::string million(1000000, 'a');
  EXPECT_EQ(ToHex(Sha256::Of(million.data(), million.size())),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, DoesNotDependOnHowTheBytesAreCut) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += static_cast<char>(i * 7);
  for (size_t bytes = 0; bytes <= text.size(); ++bytes) {
    const Sha256Digest whole = Sha256::Of(text.data(), bytes);
    for (size_t cut = 0; cut <= bytes; cut += 13) {
      Sha256 hash;
      hash.Update(text.data(), cut);
      hash.Update(text.data() + cut, bytes - cut);
      ASSERT_EQ(hash.Finish(), whole) << bytes << " cut at " << cut;
    }
  }
}

}  // namespace
}  // namespace ai_runtime
