import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { loadSettings } from '../../infra/settings.ts'
import { messageOf } from '../../schemas/errors.ts'

const APT_MS_MAX = 120_000
/** Debian's and Ubuntu's package that brings `promtool` along. */
const PACKAGE = 'prometheus'

/** The path of Prometheus's own `promtool`, or why there is none; a test that gets none is to be skipped with these words. */
export type Obtained =
  { readonly promtool: string; readonly missing?: undefined } | { readonly promtool?: undefined; readonly missing: string }

/** Finds an installed promtool, else takes it out of the system's package, which is not installed, into COLLOQUY_CACHE_DIR. */
export async function obtainPromtool(): Promise<Obtained> {
  const cached = join(loadSettings({}).settings.CACHE_DIR, `promtool-${process.arch}`)
  for (const promtool of ['promtool', cached]) if (await answers(promtool)) return { promtool }
  try {
    await unpackInto(cached)
    return { promtool: cached }
  } catch (error) {
    return { missing: `there is no promtool here, and the package manager does not give one (${messageOf(error).split('\n')[0]})` }
  }
}

const answers = (command: string): Promise<boolean> =>
  run(command, ['--version']).then(
    () => true,
    () => false,
  )

/** apt's lists, locks and downloads are in a folder of our own: the machine's may be empty, and are not ours to change. */
async function unpackInto(path: string): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true })
  const work = await mkdtemp(`${path}.`)
  try {
    const at = (name: string): string => join(work, name)
    for (const folder of ['lists/partial', 'cache/archives/partial']) await mkdir(at(folder), { recursive: true })
    const options = [
      `Dir::State::Lists=${at('lists')}`,
      `Dir::Cache=${at('cache')}`,
      'APT::Sandbox::User=',
      'Acquire::Languages=none',
      'Acquire::Retries=2',
    ].flatMap((option) => ['-o', option])
    await run('apt-get', [...options, 'update'], work)
    await run('apt-get', [...options, 'download', PACKAGE], work)
    const archive = (await readdir(work)).find((name) => name.endsWith('.deb'))
    if (archive === undefined) throw new Error('apt-get download left no package')
    await run('dpkg', ['-x', archive, 'unpacked'], work)
    await rename(at('unpacked/usr/bin/promtool'), path)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

const run = (command: string, args: readonly string[], cwd = '.'): Promise<unknown> =>
  promisify(execFile)(command, args, { cwd, timeout: APT_MS_MAX, maxBuffer: 16 * 1024 ** 2 })
