# The addon: addon.cc on top of the static library that the Makefile has built.
{
  'variables': {
    'napi_include%': '<!(node -p "require(\'node-addon-api\').include_dir")',
    'core_library%': '<(module_root_dir)/../../build/out/server/libai_runtime_server.a',
  },
  'targets': [
    {
      'target_name': 'ai_runtime_server',
      'sources': ['src/addon.cc'],
      'include_dirs': ['src', '../protocol', '<(napi_include)'],
      'defines': ['NAPI_VERSION=8', 'NAPI_DISABLE_CPP_EXCEPTIONS'],
      'cflags_cc': ['-std=c++17', '-Wall', '-Wextra', '-Werror', '-Wno-unused-parameter',
                    '-Wno-cast-function-type', '-fvisibility=hidden'],
      'libraries': ['<(core_library)', '-ldl', '-lpthread'],
    },
  ],
}
