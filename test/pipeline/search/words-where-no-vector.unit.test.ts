import pino from 'pino'
import { expect, test } from 'vitest'
import type { SearchRequest } from '../../../pipeline/search/search-request.ts'
import { wordsWhereNoVector } from '../../../pipeline/search/words-where-no-vector.ts'
import { ColloquyError } from '../../../schemas/errors.ts'

const log = pino({ level: 'silent' })
const request: SearchRequest = { tenant: 'acme', q: 'How long?', in: 'knowledge', limit: 3 }

test('a question without a vector is looked up by words alone', async () => {
  const asked: SearchRequest[] = []
  const search = wordsWhereNoVector((one) => {
    asked.push(one)
    if (one.mode !== 'keyword') return Promise.reject(new ColloquyError('embed_failed', 'not finite'))
    return Promise.resolve({ hits: [], duplicates: 0, model: 'semantic' })
  }, log)
  expect(await search(request)).toMatchObject({ hits: [] })
  expect(asked).toEqual([request, { ...request, mode: 'keyword' }])
})

test('any other error is the error of the search', async () => {
  const search = wordsWhereNoVector(() => Promise.reject(new ColloquyError('no_memory', 'nobody answers')), log)
  await expect(search(request)).rejects.toMatchObject({ code: 'no_memory' })
})
