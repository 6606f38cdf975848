import { readFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Break, BREAKS, broken } from '../../../../bench/chaos/break/breaks.ts'

/** Only checks that each break still applies to the source; `npm run chaos -- --break <name>` checks that the checker notices it. */
test.each(Object.entries<Break>(BREAKS))('%s still applies to the source, and the result parses', async (_name, { changes }) => {
  for (const change of changes) {
    const source = await readFile(join(import.meta.dirname, '../../../..', change.file), 'utf8')
    const changed = broken(source, change)
    expect(changed).not.toBe(source)
    expect(() => stripTypeScriptTypes(changed)).not.toThrow()
  }
})

test('a break that no longer matches the source is refused', () => {
  expect(() => broken('other source', BREAKS['low-ahead'].changes[0])).toThrow('adapt the break')
})
