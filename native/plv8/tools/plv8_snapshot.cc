/*
 * plv8_snapshot OUTPUT [BUNDLE.js ...]: writes the file that JavaScript starts from.
 *
 * A bundle is the body of a plv8 function without arguments, named as the file. Each is
 * run in a context of its own, as the function would be; what it leaves there is in the
 * snapshot. One that throws, or that needs the database, fails the whole; one that only
 * wants what V8 lacks while it makes a snapshot gets a code cache alone. Run by whoever
 * installs plv8 or a bundle. Makes the same contexts as plv8.so, from the same sources;
 * PostgreSQL is not linked.
 */
#include <libplatform/libplatform.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>

#include "natives.h"
#include "plv8_object.h"
#include "snapshot_file.h"

namespace ai_runtime {

/* In the place of plv8.so's: a bundle may hold them, but not call them here. */
#define PLV8_REFUSE(name)                                                         \
  void name(const v8::FunctionCallbackInfo<v8::Value>& info) {                    \
    info.GetIsolate()->ThrowException(v8::Exception::Error(                       \
        v8::String::NewFromUtf8Literal(info.GetIsolate(),                         \
                                       #name ": there is no database here")));    \
  }
PLV8_NATIVES(PLV8_REFUSE)

namespace {

struct Bundle {
  std::string name;
  std::string source;
  std::string code_cache;
  uint64 context = 0;
};

[[noreturn]] void Fail(const std::string& what, const std::string& why) {
  std::cerr << "plv8_snapshot: " << what << ": " << why << "\n";
  std::exit(1);
}

Bundle ReadBundle(const std::string& path) {
  Bundle bundle;
  std::string file = path.substr(path.rfind('/') + 1);
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in || file.size() < 4 || file.substr(file.size() - 3) != ".js")
    Fail(path, "cannot be read as a bundle");
  bundle.name = file.substr(0, file.size() - 3);
  bundle.source = text.str();
  if (bundle.name.size() >= kBundleNameBytes) Fail(path, "its name is too long");
  return bundle;
}

// Compiles the bundle and runs it in the context. Empty: *why tells what it threw.
v8::MaybeLocal<v8::Function> RunBundle(v8::Isolate* isolate, v8::Local<v8::Context> context,
                                       const Bundle& bundle, std::string* why) {
  v8::Context::Scope scope(context);
  v8::TryCatch try_catch(isolate);
  v8::Local<v8::String> name, source;
  v8::Local<v8::Function> function;
  v8::Local<v8::Value> ignored;
  if (!v8::String::NewFromUtf8(isolate, (bundle.name + ".js").c_str()).ToLocal(&name) ||
      !v8::String::NewFromUtf8(isolate, bundle.source.data(), v8::NewStringType::kNormal,
                               static_cast<int>(bundle.source.size()))
           .ToLocal(&source))
    Fail(bundle.name, "is too long");
  v8::ScriptOrigin origin(isolate, name);
  v8::ScriptCompiler::Source unit(source, origin);
  if (!v8::ScriptCompiler::CompileFunction(context, &unit, 0, nullptr).ToLocal(&function) ||
      !function->Call(context, v8::Undefined(isolate), 0, nullptr).ToLocal(&ignored)) {
    v8::String::Utf8Value message(isolate, try_catch.Exception());
    *why = *message ? *message : "failed";
    return {};
  }
  return function;
}

// V8's code of the bundle, with the functions that its start has run.
std::string MakeCodeCache(const Bundle& bundle) {
  v8::Isolate::CreateParams params;
  std::unique_ptr<v8::ArrayBuffer::Allocator> allocator(
      v8::ArrayBuffer::Allocator::NewDefaultAllocator());
  params.array_buffer_allocator = allocator.get();
  v8::Isolate* isolate = v8::Isolate::New(params);
  std::string code;
  {
    v8::Isolate::Scope isolate_scope(isolate);
    v8::HandleScope handles(isolate);
    std::string why;
    v8::Local<v8::Function> function;
    if (!RunBundle(isolate, NewPlv8Context(isolate), bundle, &why).ToLocal(&function))
      Fail(bundle.name, why);
    std::unique_ptr<v8::ScriptCompiler::CachedData> cache(
        v8::ScriptCompiler::CreateCodeCacheForFunction(function));
    if (cache == nullptr) Fail(bundle.name, "V8 makes no code cache of it");
    code.assign(reinterpret_cast<const char*>(cache->data),
                static_cast<size_t>(cache->length));
  }
  isolate->Dispose();
  return code;
}

// The blob; the bundles are told their contexts.
std::string MakeBlob(std::vector<Bundle>* bundles) {
  v8::StartupData blob = {nullptr, 0};
  {
    v8::SnapshotCreator creator(kNativeAddresses);
    v8::Isolate* isolate = creator.GetIsolate();
    {
      v8::HandleScope handles(isolate);
      creator.SetDefaultContext(v8::Context::New(isolate));
      creator.AddContext(NewPlv8Context(isolate));
      for (Bundle& bundle : *bundles) {
        std::string why;
        v8::Local<v8::Context> context = NewPlv8Context(isolate);
        if (!RunBundle(isolate, context, bundle, &why).IsEmpty())
          bundle.context = creator.AddContext(context);
        else
          std::cerr << "plv8_snapshot: " << bundle.name << " gets a code cache only: " << why
                    << "\n";
      }
    }
    blob = creator.CreateBlob(v8::SnapshotCreator::FunctionCodeHandling::kKeep);
  }
  if (blob.data == nullptr || !blob.IsValid()) Fail("snapshot", "V8 made none");
  std::string bytes(blob.data, static_cast<size_t>(blob.raw_size));
  delete[] blob.data;
  return bytes;
}

// Appends the bytes at the next aligned place of the file.
SnapshotSection Append(std::string* file, const std::string& bytes) {
  SnapshotSection section = {};
  file->resize((file->size() + kSectionAlignment - 1) / kSectionAlignment *
               kSectionAlignment);
  section.offset = file->size();
  section.bytes = bytes.size();
  Sha256Of(bytes.data(), bytes.size(), section.sha256);
  *file += bytes;
  return section;
}

std::string MakeFile(const std::vector<Bundle>& bundles, const std::string& blob) {
  SnapshotHeader header = {};
  std::vector<SnapshotBundle> table(bundles.size());
  std::string file(sizeof(header) + table.size() * sizeof(SnapshotBundle), '\0');
  memcpy(header.magic, kSnapshotMagic, sizeof(header.magic));
  header.format = kSnapshotFormat;
  header.bundle_count = static_cast<uint32>(bundles.size());
  std::string(v8::V8::GetVersion()).copy(header.v8_version, sizeof(header.v8_version) - 1);
  std::string(kSnapshotBuild).copy(header.build, sizeof(header.build) - 1);
  header.blob = Append(&file, blob);
  for (size_t i = 0; i < bundles.size(); i++) {
    const Bundle& bundle = bundles[i];
    bundle.name.copy(table[i].name, kBundleNameBytes - 1);
    table[i].context = bundle.context;
    table[i].source_bytes = bundle.source.size();
    Sha256Of(bundle.source.data(), bundle.source.size(), table[i].source_sha256);
    table[i].code_cache = Append(&file, bundle.code_cache);
  }
  memcpy(&file[0], &header, sizeof(header));
  if (!table.empty())
    memcpy(&file[sizeof(header)], table.data(), table.size() * sizeof(SnapshotBundle));
  HeaderSha256(file.data(), header.sha256);
  memcpy(&file[0], &header, sizeof(header));
  return file;
}

// Replaces the file by rename, so that nobody reads half of it.
void WriteFile(const std::string& path, const std::string& bytes) {
  std::string fresh = path + ".new";
  std::ofstream out(fresh, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (!out || std::rename(fresh.c_str(), path.c_str()) != 0) Fail(path, "cannot be written");
}

int Main(int argc, char** argv) {
  std::vector<Bundle> bundles;
  if (argc < 2) {
    std::cerr << "usage: plv8_snapshot OUTPUT [BUNDLE.js ...]\n";
    return 2;
  }
  for (int i = 2; i < argc; i++) bundles.push_back(ReadBundle(argv[i]));
  if (bundles.size() > kMaxBundles) Fail(argv[1], "there are too many bundles");
  v8::V8::SetFlagsFromString(kV8Flags);
  std::unique_ptr<v8::Platform> platform = v8::platform::NewSingleThreadedDefaultPlatform();
  v8::V8::InitializePlatform(platform.get());
  v8::V8::Initialize();
  for (Bundle& bundle : bundles) bundle.code_cache = MakeCodeCache(bundle);
  std::string blob = MakeBlob(&bundles);
  std::string file = MakeFile(bundles, blob);
  WriteFile(argv[1], file);
  std::cout << argv[1] << ": " << file.size() << " bytes, " << bundles.size() << " bundles\n";
  return 0;
}

}  // namespace
}  // namespace ai_runtime

int main(int argc, char** argv) { return ai_runtime::Main(argc, argv); }
