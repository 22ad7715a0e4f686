# The addon: addon.cc on top of the static library, which the Makefile builds, so that the tests
# link the very same objects.
{
  'variables': {
    'napi_include%': '<!(node -p "require(\'node-addon-api\').include_dir")',
    'core_library': '<(module_root_dir)/../../build/out/server/libai_runtime_server.a',
  },
  'targets': [
    {
      'target_name': 'core',
      'type': 'none',
      'actions': [
        {
          'action_name': 'make_core_library',
          'inputs': ['Makefile', '../protocol/protocol.h', '<!@(ls src/*.cc src/*.h)'],
          'outputs': ['<(core_library)'],
          'action': ['make', '-j<!(nproc)', '-C', '<(module_root_dir)', 'lib'],
        },
      ],
    },
    {
      'target_name': 'ai_runtime_server',
      'dependencies': ['core'],
      'sources': ['src/addon.cc'],
      'include_dirs': ['src', '../protocol', '<(napi_include)'],
      'defines': ['NAPI_VERSION=8', 'NAPI_DISABLE_CPP_EXCEPTIONS'],
      'cflags': ['-Wall', '-Wextra', '-Werror', '-Wno-cast-function-type', '-fvisibility=hidden'],
      'cflags_cc': ['-std=c++17'],
      'link_settings': {'libraries': ['<(core_library)', '-ldl', '-lpthread']},
    },
  ],
}
