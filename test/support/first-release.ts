import { execFile } from 'node:child_process'
import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { temporaryFolder } from './test-system.ts'

const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** The release before records of form 2. */
const TAG = 'v0.1.0'

/** Whether this checkout has the tag of the first release; a shallow clone lacks it until `git fetch --tags`. */
export const hasFirstRelease: boolean = await run('git', ['rev-parse', '--verify', '--quiet', `${TAG}^{commit}`], { cwd: ROOT }).then(
  () => true,
  () => {
    process.stderr.write(`skipping what needs the sources of ${TAG}: this checkout lacks the tag; "git fetch --tags" gets it\n`)
    return false
  },
)

/** The sources of the first release in a folder of their own, with the packages of this checkout. */
export async function unpackFirstRelease(): Promise<string> {
  const folder = join(await temporaryFolder(), TAG)
  await mkdir(folder)
  const archive = `${folder}.tar`
  await run('git', ['archive', '--output', archive, TAG, 'actors', 'infra', 'pipeline', 'schemas', 'package.json', 'tsconfig.json'], {
    cwd: ROOT,
  })
  await run('tar', ['-xf', archive, '-C', folder])
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  return folder
}
