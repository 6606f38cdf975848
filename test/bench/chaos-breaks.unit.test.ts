import { readFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { BREAKS, broken, type Break } from '../../bench/chaos/break/breaks.ts'

/** `npm run chaos -- --break <name>` has the checker find each; here it is only seen to that the source is still what they change. */
test.each(Object.entries<Break>(BREAKS))('%s still changes the source, into something that can be read', async (_name, { changes }) => {
  for (const change of changes) {
    const source = await readFile(join(import.meta.dirname, '../..', change.file), 'utf8')
    const changed = broken(source, change)
    expect(changed).not.toBe(source)
    expect(() => stripTypeScriptTypes(changed)).not.toThrow()
  }
})

test('a break whose source has changed is refused', () => {
  expect(() => broken('nothing of it', BREAKS['low-ahead'].changes[0])).toThrow('must be made anew')
})
