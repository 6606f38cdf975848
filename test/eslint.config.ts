import type { Linter } from 'eslint'
import { defineConfig } from 'eslint/config'
import tseslint from 'typescript-eslint'

/** Which folder may import which: schemas ← actors ← pipeline ← infra. */
const arrows = (folder: string, forbidden: string[]): Linter.Config => ({
  files: [`${folder}/**/*.ts`],
  rules: {
    'no-restricted-imports': ['error', {
      patterns: [{ group: forbidden.map((name) => `**/${name}/**`), message: `${folder}/ may not know of it: arrows point one way.` }],
    }],
  },
})

export default defineConfig(
  { ignores: ['**/node_modules/**', '.colloquy/**', 'coverage/**', 'dist/**', 'infra/cli/colloquy.js', 'bench/peers/programs/**'] },
  tseslint.configs.recommendedTypeChecked,
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
  arrows('schemas', ['actors', 'pipeline', 'infra', 'bench', 'test']),
  arrows('actors', ['pipeline', 'infra', 'bench', 'test']),
  arrows('pipeline', ['infra', 'bench', 'test']),
  arrows('infra', ['bench', 'test']),
  { files: ['infra/cli/**/*.ts', 'bench/**/*.ts'], rules: { 'no-console': 'off' } },
)
