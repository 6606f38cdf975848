import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  actorKey,
  FILLER,
  inputSubject,
  internalSubject,
  isAddressable,
  isFiller,
  logSubject,
  parseActorKey,
  parseInboxSubject,
  parseLogSubject,
  partitionOf,
  publishedSubject,
  TOKEN,
  UNADDRESSABLE,
} from '../../schemas/subjects.ts'

const token = fc.stringMatching(/^[A-Za-z0-9_-]{1,128}$/)
const address = fc.record({ tenant: token, kind: token, id: token })
const partition = fc.nat(1_023)
/** Other texts that NATS accepts as a token: anything without blanks and dots. */
const odd = fc
  .string({ unit: 'binary', minLength: 1 })
  .map((text) => text.replace(/[\s.\0]/gu, '*'))
  .filter((text) => !TOKEN.test(text))

describe('a subject as INBOX stores it', () => {
  test('yields the actor, the origin and the subject it was published to', () => {
    fc.assert(
      fc.property(address, partition, fc.boolean(), (of, p, isInternal) => {
        const stored = `inbox.${p}.${of.tenant}.${of.kind}.${of.id}${isInternal ? '.int' : ''}`
        const parsed = parseInboxSubject(stored)
        expect(parsed).toEqual({ partition: p, address: of, origin: isInternal ? 'internal' : 'producer', addressable: true })
        expect(publishedSubject(parsed, stored)).toBe(isInternal ? internalSubject(of) : inputSubject(of))
      }),
    )
  })

  test('is of no actor where a token is invalid, and keeps nothing that a LOG subject cannot hold', () => {
    fc.assert(
      fc.property(address, odd, fc.constantFrom('tenant', 'kind', 'id'), partition, (sound, bad, where, p) => {
        const of = { ...sound, [where]: bad }
        const { address: kept, addressable } = parseInboxSubject(`inbox.${p}.${of.tenant}.${of.kind}.${of.id}`)
        expect(addressable).toBe(false)
        expect(kept).toEqual({ tenant: where === 'tenant' ? UNADDRESSABLE : sound.tenant, kind: UNADDRESSABLE, id: UNADDRESSABLE })
        expect(parseLogSubject(logSubject(p, kept))).toEqual({ partition: p, address: kept })
      }),
    )
  })

  test("that was stored untransformed belongs to partition 0, is a producer's, and is of no actor", () => {
    const tail = fc.array(fc.oneof(token, fc.constantFrom('*', '>', 'int')), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(tail, (tokens) => {
        const stored = `in.${tokens.join('.')}`
        const parsed = parseInboxSubject(stored)
        expect(parsed).toMatchObject({ partition: 0, origin: 'producer', addressable: false, address: { kind: UNADDRESSABLE } })
        expect(publishedSubject(parsed, stored)).toBe(stored)
      }),
    )
  })

  test('is internal only with the token that no producer can publish', () => {
    fc.assert(
      fc.property(address, partition, token, (of, p, last) => {
        const { origin } = parseInboxSubject(`inbox.${p}.${of.tenant}.${of.kind}.${of.id}.${last}`)
        expect(origin).toBe(last === 'int' ? 'internal' : 'producer')
      }),
    )
  })

  test("of a filler differs from every actor's", () => {
    const { tenant, kind, id } = FILLER
    expect(parseInboxSubject(`inbox.3.${tenant}.${kind}.${id}`)).toMatchObject({ address: FILLER, addressable: true })
    fc.assert(
      fc.property(address, (of) => {
        expect(isFiller(of)).toBe(of.tenant === tenant && of.kind === kind && of.id === id)
      }),
    )
  })
})

test('a LOG subject and an actor key survive a round trip', () => {
  fc.assert(
    fc.property(address, partition, (of, p) => {
      expect(parseLogSubject(logSubject(p, of))).toEqual({ partition: p, address: of })
      expect(parseActorKey(actorKey(of))).toEqual(of)
      expect(parseActorKey(`${of.kind}/${of.id}`)).toEqual({ ...of, tenant: 'default' })
    }),
  )
})

test('an invalid actor key is refused', () => {
  const parts = fc.array(fc.oneof(token, odd), { maxLength: 5 })
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        parts.map((some) => some.join('/')),
      ),
      (text) => {
        const read = parseActorKey(text)
        if (read === undefined) return
        expect(isAddressable(read)).toBe(true)
        expect([actorKey(read), actorKey(read).replace(/^default\//, '')]).toContain(text)
      },
    ),
  )
})

test('a partition is within range for any tokens', () => {
  const anything = fc.record({ tenant: fc.string(), kind: fc.string(), id: fc.string() })
  fc.assert(
    fc.property(anything, fc.integer({ min: 1, max: 1_024 }), (of, count) => {
      const p = partitionOf(of, count)
      expect(Number.isInteger(p) && p >= 0 && p < count).toBe(true)
    }),
  )
})
