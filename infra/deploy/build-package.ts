import { execFileSync } from 'node:child_process'
import { copyFileSync, globSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { unresolvedImports } from './unresolved-imports.ts'

/**
 * Compiles the sources into `dist/` in the same layout, and copies the other files beside them. Only a package needs this: Node does
 * not strip types under node_modules.
 */
const root = fileURLToPath(new URL('../..', import.meta.url))
const dist = join(root, 'dist')
// Built in another folder: processes use the old dist/ until this one replaces it.
const made = join(root, 'node_modules/.cache/dist')
rmSync(made, { recursive: true, force: true })
const compiler = join(root, 'node_modules/typescript/bin/tsc')
execFileSync(process.execPath, [compiler, '--project', join(root, 'infra/deploy'), '--outDir', made], { stdio: 'inherit' })
for (const file of globSync('**/*.js', { cwd: made })) {
  const left = unresolvedImports(readFileSync(join(made, file), 'utf8'))
  if (left.length > 0) throw new Error(`${file} imports ${left.join(', ')}, which no package has: move the import out of its "await using"`)
}
for (const file of globSync('{schemas,actors,pipeline,infra}/**/*.*', { cwd: root, exclude: (name) => name.endsWith('.ts') })) {
  mkdirSync(dirname(join(made, file)), { recursive: true })
  copyFileSync(join(root, file), join(made, file))
}
rmSync(dist, { recursive: true, force: true })
renameSync(made, dist)
