import { expect, test } from 'vitest'
import { parseVariant } from '../../../../infra/reporting/experiment/variant.ts'

test('a variant has what it is given, and defaults for the rest', () => {
  expect(parseVariant('')).toEqual({
    text: 'defaults',
    prompt: { name: 'answer', version: 'built-in' },
    model: undefined,
    tier: undefined,
    temperature: 0,
    passages: 'search',
    search: {},
  })
  expect(
    parseVariant(' prompt=short-answer@3, model=a/b=c ,fusion=rrf,denseWeight=0.5,mode=hybrid,rerank=off,temperature=0.7'),
  ).toMatchObject({
    prompt: { name: 'short-answer', version: '3' },
    model: 'a/b=c',
    temperature: 0.7,
    search: { mode: 'hybrid', fusion: 'rrf', denseWeight: 0.5, rerank: false },
  })
  expect(parseVariant('arm=news/short,temperature=1')).toMatchObject({ arm: { strategy: 'news', arm: 'short' }, temperature: 1 })
  expect(parseVariant('tier=small')).toMatchObject({ tier: 'small' })
})

test.each([
  ['promt=a@1', 'there is no key "promt"; did you mean "prompt"?'],
  ['reranker=off', 'there is no key "reranker"; did you mean "rerank"?'],
  ['rerank=false', 'rerank'],
  ['prompt', '"prompt" is no <key>=<value>'],
  ['=x', '"=x" is no <key>=<value>'],
  ['model=a,model=b', 'model is given twice'],
  ['prompt=answer', 'must be <name>@<version>, <name>@newest or <name>@built-in'],
  ['prompt=a--b@1', 'has no name of a prompt'],
  ['fusion=best', 'fusion'],
  ['denseWeight=2', 'denseWeight'],
  ['passages=dataset,fusion=rrf', 'fusion: nothing is searched with passages=dataset'],
  ['fusion=auto,denseWeight=0.5', 'denseWeight has no meaning with fusion=auto'],
  ['model=x,tier=small', 'give model or tier'],
  ['model=off,prompt=answer@1', 'prompt: no model is asked with model=off'],
  ['model=off,temperature=1', 'temperature: no model is asked with model=off'],
  ['arm=news', 'must be <strategy>/<arm>'],
  ['arm=news/short,fusion=rrf', 'fusion has no meaning with arm'],
  ['arm=news/short,prompt=news@1', 'prompt has no meaning with arm'],
  ['arm=news/short,model=off', 'arm: no model is asked with model=off'],
  ['__proto__=1', 'there is no key "__proto__"'],
])('%s is refused: %s', (text, says) => {
  expect(() => parseVariant(text)).toThrow(
    expect.objectContaining({ code: 'bad_variant', message: expect.stringContaining(says) as string }),
  )
})
