import { execFile } from 'node:child_process'
import { access, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Browser, chromium, type Page } from 'playwright-core'
import type { RunnerTestCase } from 'vitest'
import { loadSettings } from '../../infra/settings.ts'
import { codeOf, messageOf } from '../../schemas/errors.ts'

/** Where people have one, before anything is obtained. */
const INSTALLED = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-headless-shell',
  '/usr/bin/google-chrome',
  '/usr/bin/microsoft-edge',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
]
/** Debian's and Ubuntu's name for a Chromium without windows, the smaller one. */
const PACKAGE = 'chromium-headless-shell'
const FOLDER = `chromium-headless-${process.arch}`
const APT_MS_MAX = 180_000

/** A Chromium without a window, or why there is none; a test that gets none is to be skipped with these words. */
export type Opened =
  { readonly browser: Browser; readonly missing?: undefined } | { readonly browser?: undefined; readonly missing: string }

/**
 * Opens an installed Chromium or Chrome, else one that the system's package manager has: it is unpacked with the libraries that
 * the system lacks into COLLOQUY_CACHE_DIR, without being installed and without root, and used again from there.
 */
export async function openBrowser(args: string[] = []): Promise<Opened> {
  const problems: string[] = []
  for (const executablePath of await present(INSTALLED)) {
    try {
      return { browser: await chromium.launch({ executablePath, args }) }
    } catch (error) {
      problems.push(`${executablePath}: ${firstLine(error)}`)
    }
  }
  try {
    const root = await obtained()
    const executablePath = join(root, 'usr/lib/chromium', PACKAGE)
    return { browser: await chromium.launch({ executablePath, args, env: { LD_LIBRARY_PATH: (await libraryFolders(root)).join(':') } }) }
  } catch (error) {
    problems.push(`${PACKAGE} of the package manager: ${firstLine(error)}`)
  }
  return { missing: `there is no Chromium here, and none could be obtained (${problems.join('; ')})` }
}

/** Where tests leave pictures of pages, for people. */
export const PICTURES = 'node_modules/.cache/screenshots'

/** Adds what goes wrong in a page: what its scripts throw, and what the browser reports, such as what the page's policy blocks. */
export function gatherFaults(page: Page, faults: string[]): void {
  page.on('pageerror', (error) => faults.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) faults.push(message.text())
  })
}

/** Leaves a picture of the page of a test that failed. */
export async function pictureOfFailure(page: Page | undefined, task: Readonly<RunnerTestCase>): Promise<void> {
  if (task.result?.state === 'fail') await page?.screenshot({ path: `${PICTURES}/${task.id}.png` })
}

/** The folder that the package is unpacked in; it is there wholly or not at all, however many ask for it at one time. */
async function obtained(): Promise<string> {
  const { CACHE_DIR } = loadSettings({}).settings
  const root = join(CACHE_DIR, FOLDER)
  if ((await present([root])).length > 0) return root
  await mkdir(CACHE_DIR, { recursive: true })
  const work = await mkdtemp(`${root}.`)
  try {
    await unpack(work)
    await rename(join(work, 'unpacked'), root).catch((error: unknown) => {
      if (codeOf(error) !== 'ENOTEMPTY' && codeOf(error) !== 'EEXIST') throw error
    })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return root
}

/** apt's lists, locks and downloads are in `work`: the machine's own may be empty, and are not ours to change. */
async function unpack(work: string): Promise<void> {
  const at = (name: string): string => join(work, name)
  for (const folder of ['lists/partial', 'cache/archives/partial', 'unpacked']) await mkdir(at(folder), { recursive: true })
  const apt = (...args: string[]): Promise<unknown> =>
    run(
      'apt-get',
      [
        `Dir::State::Lists=${at('lists')}`,
        `Dir::Cache=${at('cache')}`,
        'Debug::NoLocking=1',
        'APT::Sandbox::User=',
        'Acquire::Languages=none',
        'Acquire::Retries=2',
      ]
        .flatMap((option) => ['-o', option])
        .concat(args),
    )

  await apt('update')
  await apt('--yes', '--no-install-recommends', '--download-only', 'install', PACKAGE)
  const packages = (await readdir(at('cache/archives'))).filter((name) => name.endsWith('.deb'))
  for (const name of packages) await run('dpkg', ['-x', join(at('cache/archives'), name), at('unpacked')])
}

/** Where the libraries are that came along: the folder of the machine's architecture, and those inside it. */
async function libraryFolders(root: string): Promise<string[]> {
  const entries = await readdir(join(root, 'usr/lib'), { recursive: true, withFileTypes: true })
  return [...new Set(entries.filter(({ name }) => name.includes('.so')).map(({ parentPath }) => parentPath))]
}

const run = (command: string, args: readonly string[]): Promise<unknown> =>
  promisify(execFile)(command, args, { timeout: APT_MS_MAX, maxBuffer: 16 * 1024 ** 2 })

async function present(paths: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    paths.map((path) =>
      access(path).then(
        () => true,
        () => false,
      ),
    ),
  )
  return paths.filter((_, index) => found[index])
}

const firstLine = (error: unknown): string => messageOf(error).split('\n')[0] ?? ''
