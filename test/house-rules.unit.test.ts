import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'

const SCRIPT = fileURLToPath(new URL('house-rules.ts', import.meta.url))
const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

/** Runs the rules on a repository with these files. */
function check(files: Readonly<Record<string, string>>): { status: number | null; faults: string } {
  const folder = mkdtempSync(join(tmpdir(), 'colloquy-house-'))
  folders.push(folder)
  execFileSync('git', ['init', '-q', folder])
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  const { status, stderr } = spawnSync(process.execPath, [SCRIPT, folder], { encoding: 'utf8' })
  return { status, faults: stderr }
}

const clean = {
  'README.md': 'A short page.',
  'schemas/record.ts': 'export const record = 1\n',
  'pipeline/host/host.ts': "import { record } from '../../schemas/record.ts'\nexport const host = record\n",
  'actors/kinds/one/kind.ts': 'export const one = 1\n',
  'actors/kinds/two/kind.ts': 'export const two = 2\n',
}

test('a clean tree passes, and built-in kinds may share file names', () => {
  expect(check(clean)).toEqual({ status: 0, faults: '' })
})

test.each<[string, Record<string, string>, RegExp]>([
  [
    'an import of a later room',
    { 'schemas/up.ts': "import '../pipeline/host/host.ts'\n" },
    /^schemas\/up\.ts: imports pipeline\/host\/host\.ts/,
  ],
  [
    'a type import of a later room',
    { 'schemas/up.ts': "import type { A } from '../pipeline/host/host.ts'\n" },
    /^schemas\/up\.ts: imports/,
  ],
  ['a file in no room', { 'pipeline/attic/old.ts': '' }, /^pipeline\/attic\/old\.ts: lies in no room/],
  [
    'files that import each other',
    { 'pipeline/host/a.ts': "import './b.ts'\n", 'pipeline/host/b.ts': "import './a.ts'\n" },
    /in a circle: pipeline\/host\/a\.ts, pipeline\/host\/b\.ts/,
  ],
  [
    'folders that import each other',
    {
      'pipeline/search/clickhouse/one.ts': "import '../qdrant/two.ts'\n",
      'pipeline/search/qdrant/two.ts': "import '../clickhouse/three.ts'\n",
      'pipeline/search/clickhouse/three.ts': '',
    },
    /in a circle: pipeline\/search\/clickhouse, pipeline\/search\/qdrant/,
  ],
  ['an old file name', { 'pipeline/timers/alarms.ts': '' }, /^pipeline\/timers\/alarms\.ts: has a name of the past/],
  [
    'two files of one name',
    { 'pipeline/cluster/host.ts': '' },
    /^pipeline\/cluster\/host\.ts: shares its name with pipeline\/host\/host\.ts/,
  ],
  ['an old word', { 'docs/page.md': 'One line.\nThe Tails are createTails.\n' }, /^docs\/page\.md:2: "createTails" is a word of the past/],
  [
    'a removal of messages outside the one file for it',
    { 'pipeline/host/trim.ts': "await jsm.streams.purge('LOG')\n", 'pipeline/jetstream/removal.ts': "await jsm.streams.purge('INBOX')\n" },
    /^pipeline\/host\/trim\.ts:1: removes messages/,
  ],
  ['a long line', { 'schemas/long.ts': `// ${'x'.repeat(140)}\n` }, /^schemas\/long\.ts:1: has 143 characters/],
  ['a long README', { 'README.md': 'word '.repeat(901) }, /^README\.md: has 901 words/],
])('%s fails', (_, files, fault) => {
  const { status, faults } = check({ ...clean, ...files })
  expect(faults).toMatch(fault)
  expect(status).toBe(1)
})
