import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { producedEvents } from '../../../actors/definition/kind.ts'
import { createTrade } from '../../../actors/kinds/trade/kind.ts'
import { loadKinds } from '../../../infra/app/load-kinds.ts'
import { loadSettings } from '../../../infra/settings.ts'
import { eventEntries, eventsPage } from '../../../schemas/events-page.ts'

const kinds = [...(await loadKinds(loadSettings({}).settings)).values(), createTrade()].map((kind) => ({
  ...kind,
  events: producedEvents(kind),
}))

test('docs/events.md is what "colloquy events --samples" prints today', () => {
  expect(readFileSync(new URL('../../../docs/events.md', import.meta.url), 'utf8')).toBe(eventsPage(kinds))
})

test('every event of every kind is there once', () => {
  const entries = eventEntries(kinds).map(({ kind, way, type }) => `${kind} ${way} ${type}`)
  const declared = kinds.flatMap(({ name, events, emits }) => [
    ...Object.keys(events).map((type) => `${name} in ${type}`),
    ...Object.keys(emits).map((type) => `${name} out ${type}`),
  ])
  expect(entries.toSorted()).toEqual(declared.toSorted())
  expect(new Set(entries).size).toBe(entries.length)
})

test.each([
  ['item.unliked', 'A like is taken back'],
  ['item.returned', 'The visitor sends an item back: what it taught is undone'],
  ['visitor.signed_in', 'The visitor signs in, and the profile goes to the account'],
  ['profile.merged', 'From the actor of a visitor who signed in: its profile, which joins this one'],
])('%s says what it is about', (type, says) => {
  expect(eventEntries(kinds).find((entry) => entry.type === type)).toMatchObject({ kind: 'interest', way: 'in', says })
})

test('fields have their form, their bounds and what they mean', () => {
  const schema = z
    .object({
      text: z.string().min(1).max(1_024).meta({ description: 'What | was said' }),
      stars: z.int().min(1).max(5),
      count: z.int().nonnegative().optional(),
      price: z.number().positive(),
      tags: z.array(z.string().max(8)).max(3).default([]),
      at: z.iso.datetime({ offset: true }).nullable(),
      way: z.enum(['in', 'out']),
      pair: z.tuple([z.string(), z.boolean()]),
      more: z.object({ one: z.literal(1), other: z.unknown() }),
      any: z.record(z.string(), z.unknown()),
    })
    .describe('Something <happened>')
  const made = [{ name: 'made', version: 1, events: { happened: schema }, emits: {} }]
  expect(eventEntries(made)).toEqual([
    {
      type: 'happened',
      kind: 'made',
      way: 'in',
      fields: [
        '`text` text, 1 to 1,024: What | was said',
        '`stars` whole number, 1 to 5',
        '`count?` whole number, not negative',
        '`price` number, above 0',
        '`tags?` list, at most 3, of text, at most 8',
        '`at` time or null',
        '`way` "in", "out"',
        '`pair` list of text and true or false',
        '`more` {one, other}',
        '`any` object',
      ],
      says: 'Something <happened>',
    },
  ])
  expect(eventsPage(made)).toContain('What \\| was said<br>')
  expect(eventsPage(made)).toContain('| Something &lt;happened> |')
})
