import { execFileSync } from 'node:child_process'
import { copyFileSync, globSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Compiles the sources into `dist/`, as they are laid out, with everything that lies beside them. Only a package needs it: Node
 * strips no types under node_modules.
 */
const root = fileURLToPath(new URL('../..', import.meta.url))
const dist = join(root, 'dist')
// Aside first: what is in dist/ is used until it is replaced.
const made = join(root, 'node_modules/.cache/dist')
rmSync(made, { recursive: true, force: true })
execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '--project', join(root, 'infra/deploy'), '--outDir', made], { stdio: 'inherit' })
for (const file of globSync('{schemas,actors,pipeline,infra}/**/*.*', { cwd: root, exclude: (name) => name.endsWith('.ts') })) {
  mkdirSync(dirname(join(made, file)), { recursive: true })
  copyFileSync(join(root, file), join(made, file))
}
rmSync(dist, { recursive: true, force: true })
renameSync(made, dist)
