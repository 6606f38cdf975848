import { execFile } from 'node:child_process'
import { access, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Logger } from 'pino'
import { codeOf, ColloquyError, messageOf } from '../../../schemas/errors.ts'

/** Suites with newer packages than the stable release. The better tested suite comes first. */
const distributions: Record<string, { component: string; suites: readonly string[] }> = {
  debian: { component: 'main', suites: ['testing', 'unstable'] },
  ubuntu: { component: 'universe', suites: ['devel'] },
}

/** Max archives to try. Third-party archives have none of these suites, so they fail fast. */
const archivesMax = 4
const commandTimeoutMs = 120_000
const stderrCharsMax = 500

/**
 * Unpacks nats-server from a newer suite of the distribution into `workDir`, without installing it and without root. It takes the
 * archive's address from the machine's apt configuration, and trusts the system's archive keyring. Lists, cache and sources are folders
 * in `workDir`. The package needs only libc.
 *
 * @returns the path of the program, inside `workDir`.
 * @throws ColloquyError `apt_unusable` on other systems than Debian and Ubuntu, `apt_failed` with the error of every archive and suite.
 */
export async function natsServerFromApt(workDir: string, log: Logger): Promise<string> {
  const { id, codename } = await distribution()
  const known = distributions[id]
  if (known === undefined) throw new ColloquyError('apt_unusable', `only Debian and Ubuntu are supported, and this is ${id}`)
  const keyring = `/usr/share/keyrings/${id}-archive-keyring.gpg`
  await access(keyring).catch((cause: unknown) => {
    throw new ColloquyError('apt_unusable', `the system's archive keyring ${keyring} is missing`, { cause })
  })

  const failures: string[] = []
  for (const archive of await archives(codename, known.component)) {
    for (const suite of known.suites) {
      const source = `deb [signed-by=${keyring}] ${archive} ${suite} ${known.component}`
      try {
        log.info({ source }, 'downloading nats-server from the package archive')
        return await unpack(join(workDir, String(failures.length)), source)
      } catch (error) {
        failures.push(`${suite} of ${archive}: ${messageOf(error)}`)
      }
    }
  }
  throw new ColloquyError('apt_failed', failures.join('; ') || 'apt has no archive configured')
}

async function unpack(dir: string, source: string): Promise<string> {
  const at = (name: string): string => join(dir, name)
  await mkdir(at('lists/partial'), { recursive: true })
  await mkdir(at('cache/archives/partial'), { recursive: true })
  await writeFile(at('sources.list'), `${source}\n`)
  const options = [
    `Dir::State::Lists=${at('lists')}`,
    `Dir::Cache=${at('cache')}`,
    `Dir::Etc::sourcelist=${at('sources.list')}`,
    'Dir::Etc::sourceparts=/dev/null',
    'Dir::Etc::preferences=/dev/null',
    'Dir::Etc::preferencesparts=/dev/null',
    'APT::Default-Release=',
    'Acquire::Languages=none',
    'Acquire::Retries=2',
  ].flatMap((option) => ['-o', option])

  await run('apt-get', [...options, 'update'], dir)
  await run('apt-get', [...options, 'download', 'nats-server'], dir)
  const archive = (await readdir(dir)).find((name) => name.endsWith('.deb'))
  if (archive === undefined) throw new ColloquyError('apt_failed', 'apt-get download left no package')
  await run('dpkg', ['-x', archive, 'unpacked'], dir)
  return at('unpacked/usr/sbin/nats-server')
}

/** Addresses of the archives in apt's configuration, the distribution's own first. apt need not have their package lists on disk. */
async function archives(codename: string, component: string): Promise<string[]> {
  const format = '$(REPO_URI) $(RELEASE) $(COMPONENT)'
  const targets = await run('apt-get', ['indextargets', '--no-release-info', '--format', format, 'Created-By: Packages'], '/')
  const rows = targets
    .trim()
    .split('\n')
    .map((line) => line.split(' '))
  const own = rows.filter(([, release]) => release === codename)
  const uris = [...own, ...rows].filter((row) => row[2] === component).flatMap(([uri]) => uri ?? [])
  return [...new Set(uris)].slice(0, archivesMax)
}

async function distribution(): Promise<{ id: string; codename: string }> {
  const text = await readFile('/etc/os-release', 'utf8').catch((cause: unknown) => {
    throw new ColloquyError('apt_unusable', `there is no /etc/os-release on this system (${process.platform})`, { cause })
  })
  const field = (name: string): string => new RegExp(`^${name}="?([^"\n]*)`, 'm').exec(text)?.[1] ?? ''
  return { id: field('ID'), codename: field('VERSION_CODENAME') }
}

async function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(command, args, { cwd, timeout: commandTimeoutMs })
    return stdout
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') throw new ColloquyError('apt_unusable', `there is no ${command}`, { cause })
    throw new ColloquyError('apt_failed', `${command} failed: ${stderrOf(cause) ?? messageOf(cause)}`, { cause })
  }
}

function stderrOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('stderr' in error) || typeof error.stderr !== 'string') return undefined
  return (
    error.stderr
      .trim()
      .replace(/\s*\n\s*/g, ' ')
      .slice(-stderrCharsMax) || undefined
  )
}
