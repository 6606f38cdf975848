import { defineConfig } from 'eslint/config'
import simpleImportSort from 'eslint-plugin-simple-import-sort'
import tseslint from 'typescript-eslint'

export default defineConfig(
  { ignores: ['**/node_modules/**', '.colloquy/**', 'coverage/**', 'dist/**', 'infra/cli/colloquy.js', 'bench/peers/programs/**'] },
  tseslint.configs.recommendedTypeChecked,
  {
    plugins: { 'simple-import-sort': simpleImportSort },
    rules: { 'simple-import-sort/imports': ['error', { groups: [['^node:', '^@?\\w', '^\\.']] }], 'simple-import-sort/exports': 'error' },
  },
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: new URL('..', import.meta.url).pathname } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/require-await': 'off',
      // There is no `this` in this house: factories return closures.
      '@typescript-eslint/unbound-method': 'off',
      'no-console': 'error',
    },
  },
  { files: ['infra/cli/**/*.ts', 'bench/**/*.ts'], rules: { 'no-console': 'off' } },
)
