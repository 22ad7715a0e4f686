// The socket's name: its mode, a path that is long, one that is taken.
#include "listener.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "test_client.h"

namespace ai_runtime {
namespace {

class ListenerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char folder[] = "/tmp/ai_runtime_test.XXXXXX";
    ASSERT_NE(mkdtemp(folder), nullptr);
    folder_ = folder;
  }
  void TearDown() override { EXPECT_EQ(rmdir(folder_.c_str()), 0); }

  std::string folder_;
};

TEST_F(ListenerTest, IsForItsOwnUserAndGoesWithItsServer) {
  const std::string path = folder_ + "/s";
  {
    Listener listener;
    ASSERT_TRUE(listener.Open(path).ok());
    struct stat info;
    ASSERT_EQ(stat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u);
    test::Client client(path);
    EXPECT_TRUE(client.connected());
    int fd;
    EXPECT_EQ(listener.Accept(&fd), Listener::Accepted::kConnection);
    close(fd);
    EXPECT_EQ(listener.Accept(&fd), Listener::Accepted::kNone);
  }
  EXPECT_NE(access(path.c_str(), F_OK), 0);
}

TEST_F(ListenerTest, TakesAPathThatIsTooLongForASocketAddress) {
  const std::string deep = folder_ + "/" + std::string(200, 'd');
  ASSERT_EQ(mkdir(deep.c_str(), 0700), 0);
  {
    Listener listener;
    const Status status = listener.Open(deep + "/s");
    ASSERT_TRUE(status.ok()) << status.ToString();
    EXPECT_EQ(access((deep + "/s").c_str(), F_OK), 0);
  }
  EXPECT_EQ(rmdir(deep.c_str()), 0);
}

TEST_F(ListenerTest, ReplacesASocketThatIsLeftOverAndNothingElse) {
  const std::string path = folder_ + "/s";
  const int left_over = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  ASSERT_EQ(bind(left_over, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  close(left_over);
  {
    Listener listener;
    EXPECT_TRUE(listener.Open(path).ok());
  }
  std::ofstream(path) << "a file";
  {
    Listener listener;
    EXPECT_EQ(listener.Open(path).code(), AI_STATUS_ALREADY_EXISTS);
  }
  EXPECT_EQ(unlink(path.c_str()), 0);
  Listener listener;
  EXPECT_EQ(listener.Open(folder_ + "/none/s").code(), AI_STATUS_INTERNAL);
}

}  // namespace
}  // namespace ai_runtime
