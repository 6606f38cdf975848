import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { REFUSAL_CODES } from '../../actors/definition/refusal.ts'
import { ERROR_AREAS, ERROR_CODES } from '../../schemas/error-codes.ts'
import type { ErrorText } from '../../schemas/error-codes/error-text.ts'
import { codeOf, ColloquyError, ForeignCodeError, hasCode, RetryLaterError, TerminalError } from '../../schemas/errors.ts'
import { errorsPage } from '../../schemas/errors-page.ts'

test('docs/errors.md is what "colloquy errors" prints today', () => {
  expect(readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')).toBe(errorsPage())
})

test('every code is in exactly one area', () => {
  expect(
    Object.values(ERROR_AREAS)
      .flatMap((area) => Object.keys(area))
      .toSorted(),
  ).toEqual(Object.keys(ERROR_CODES).toSorted())
})

test('the codes of refused definitions stand together', () => {
  expect(Object.keys(ERROR_AREAS['Definitions and versions of kinds'])).toEqual(expect.arrayContaining([...REFUSAL_CODES]))
})

test('every text is there: what happened, why and what to do as whole sentences', () => {
  for (const [code, { meaning, cause, remedy, where }] of Object.entries<ErrorText>(ERROR_CODES)) {
    expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/)
    for (const text of [meaning, cause, remedy]) expect([code, text]).toEqual([code, expect.stringMatching(/^[A-Z0-9`].*\.$/)])
    expect([code, where]).toEqual([code, expect.stringMatching(/[^.]$/)])
  }
})

test('the code of a task is its own, and its error is one of Colloquy', () => {
  for (const error of [
    new TerminalError('card_declined', 'no'),
    new RetryLaterError('card_busy', 'no', 1),
    new ForeignCodeError('117', 'no'),
  ]) {
    expect(error).toBeInstanceOf(ColloquyError)
    expect(codeOf(error)).toBe(error.code)
  }
  expect(new TerminalError('card_declined', 'no').code).toBe('card_declined')
  expect(new RetryLaterError('card_busy', 'no', 1)).toMatchObject({ code: 'card_busy', retryAfterMs: 1 })
})

test('an error has a code or has not', () => {
  expect(hasCode(new ColloquyError('not_running', 'no'), 'not_running')).toBe(true)
  expect(hasCode(new ColloquyError('not_running', 'no'), 'no_tables')).toBe(false)
  expect(hasCode(undefined, 'no_tables')).toBe(false)
})
