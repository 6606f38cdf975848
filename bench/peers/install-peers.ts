import { execFile } from 'node:child_process'
import { access, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { z } from 'zod'
import { codeOf, ColloquyError, messageOf } from '../../schemas/errors.ts'
import type { PeerName } from '../harness/bench-scenario.ts'

const FOLDER = fileURLToPath(new URL('programs', import.meta.url))
const INSTALL_MS_MAX = 300_000
const packageSchema = z.object({ dependencies: z.record(z.string(), z.string()) })

/** Installs the peers' packages if any is missing. @throws ColloquyError `peers_not_installed` */
export async function installPeers(): Promise<void> {
  const { dependencies } = packageSchema.parse(JSON.parse(await readFile(`${FOLDER}/package.json`, 'utf8')))
  const isMissing = (name: string): Promise<boolean> =>
    access(`${FOLDER}/node_modules/${name}`).then(
      () => false,
      () => true,
    )
  if (!(await Promise.all(Object.keys(dependencies).map(isMissing))).includes(true)) return
  const args = ['install', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error']
  await promisify(execFile)('npm', args, { cwd: FOLDER, timeout: INSTALL_MS_MAX }).catch((cause: unknown) => {
    throw new ColloquyError('peers_not_installed', `npm install in ${FOLDER} failed: ${messageOf(cause)}`, { cause })
  })
}

/** Version of the server that a peer needs and npm does not install; `undefined` if it is not on this machine. */
export async function serverOf(name: PeerName): Promise<string | undefined> {
  if (name === 'restate') return 'from npm'
  try {
    return (await promisify(execFile)('redis-server', ['--version'])).stdout.trim()
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Version of an installed package, for the report. */
export async function versionOf(name: string): Promise<string> {
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(await readFile(`${FOLDER}/node_modules/${name}/package.json`, 'utf8')))
  return version
}
