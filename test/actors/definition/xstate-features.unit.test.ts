import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { REFUSAL_CODES } from '../../../actors/definition/refusal.ts'
import { live, proofs, refusedCodes } from '../../support/xstate-examples.ts'

/** The rows of the page: feature, status with its code, and reason. */
const rows = readFileSync(new URL('../../../docs/xstate-features.md', import.meta.url), 'utf8')
  .split('\n')
  .flatMap((line) => {
    const [, feature, claim, why] = /^\| (.+?) \| (supported|ignored|refused.*?|rejected.*?) \| (.*) \|$/.exec(line) ?? []
    return feature === undefined || claim === undefined
      ? []
      : [{ feature, status: claim.split(' ')[0], code: /`(\w+)`/.exec(claim)?.[1] ?? '', why: why ?? '' }]
  })

test('every row of the page has an example machine, and every example a row', () => {
  expect(rows.map(({ feature }) => feature).sort()).toEqual(Object.keys(proofs).sort())
})

describe("XState's features: each statement of the page holds", () => {
  test.each(rows)('$feature: $status $code', ({ feature, status, code, why }) => {
    const proof = proofs[feature]
    expect(why).not.toBe('')
    expect(proof?.status).toBe(status)
    switch (proof?.status) {
      case 'supported':
      case 'ignored':
        return proof.shows()
      case 'refused':
        expect(REFUSAL_CODES).toContain(code)
        return expect(new Set(refusedCodes(proof.machine, proof.implementations, proof.of))).toEqual(new Set([code]))
      case 'rejected': {
        const record = live(proof.machine).on('go')
        expect(record).toMatchObject({ outcome: 'rejected', reason: 'poison' })
        return expect(record.error?.startsWith(code === '' ? '' : `${code}: `)).toBe(true)
      }
      case undefined:
        throw new Error(`nothing shows "${feature}"`)
    }
  })
})
