import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type ReadModel, TABLES } from '../../schemas/tables.ts'
import { tablesPage } from '../../schemas/tables-page.ts'

test('docs/tables.md is the output of "colloquy tables"', () => {
  expect(readFileSync(new URL('../../docs/tables.md', import.meta.url), 'utf8')).toBe(tablesPage())
})

test.each(Object.entries<ReadModel>(TABLES))(
  '%s: every column has a comment, and its keys, partitions and indexes are columns',
  (_, table) => {
    for (const [name, { comment }] of Object.entries(table.columns)) expect([name, comment.length > 5]).toEqual([name, true])
    const kept = [
      ...table.orderBy,
      table.partitionBy,
      table.seq,
      ...(table.version === undefined ? [] : [table.version]),
      ...(table.indexes ?? []).map(({ of }) => of),
    ]
    for (const name of kept) expect(Object.keys(table.columns)).toContain(name)
  },
)
