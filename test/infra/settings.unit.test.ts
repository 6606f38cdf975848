import { describe, expect, test } from 'vitest'
import { loadSettings, SETTING_NAMES } from '../../infra/settings.ts'
import { codeOf, messageOf } from '../../schemas/errors.ts'

const refusal = (...given: Parameters<typeof loadSettings>): unknown => {
  try {
    loadSettings(...given)
    return undefined
  } catch (error) {
    return error
  }
}
const effectiveOf = (name: string, ...given: Parameters<typeof loadSettings>) =>
  loadSettings(...given).effective.find((one) => one.name === name)

test('without anything set, every setting has its default or is unset', () => {
  const { settings, effective } = loadSettings({})

  expect(settings).toMatchObject({ DATA_DIR: '.colloquy', NATS_PORT: 4222, CLICKHOUSE_PORT: 8123, HTTP_PORT: 8080 })
  expect(settings.HTTP_HOST).toBe('127.0.0.1')
  expect(settings.ROLES).toEqual(['host', 'dispatch', 'tasks', 'project', 'embed', 'train', 'judge', 'serve'])
  expect(effective).toHaveLength(SETTING_NAMES.length)
  expect(new Set(effective.map(({ source }) => source))).toEqual(new Set(['default', 'unset']))
})

test('a flag goes before the environment, and an empty variable counts as unset', () => {
  const environment = { COLLOQUY_NATS_PORT: '5000', COLLOQUY_HTTP_PORT: '' }

  expect(effectiveOf('COLLOQUY_NATS_PORT', environment)).toMatchObject({ value: '5000', source: 'environment' })
  expect(effectiveOf('COLLOQUY_NATS_PORT', environment, { NATS_PORT: '6000' })).toMatchObject({ value: '6000', source: 'flag' })
  expect(effectiveOf('COLLOQUY_HTTP_PORT', environment)).toMatchObject({ value: '8080', source: 'default' })
})

test('an unknown COLLOQUY_ variable is an error that names it and what may have been meant', () => {
  const error = refusal({ COLLOQUY_NATS_PROT: '1', PATH: '/bin' })

  expect(codeOf(error)).toBe('bad_setting')
  expect(messageOf(error)).toMatch(/COLLOQUY_NATS_PROT is not a setting; did you mean COLLOQUY_NATS_/)
  expect(messageOf(error)).not.toContain('PATH ')
})

test('all wrong variables are named at once, each with what it should be', () => {
  const wrong = {
    COLLOQUY_NATS_PORT: '70000',
    COLLOQUY_PARTITIONS: 'many',
    COLLOQUY_CLICKHOUSE_URL: 'ftp://x',
    COLLOQUY_ROLES: 'host,cook',
    COLLOQUY_LOG_LEVEL: 'loud',
  }
  const message = messageOf(refusal(wrong))

  for (const name of Object.keys(wrong)) expect(message).toContain(`${name}: `)
  expect(message).toContain('must be all, or some of host')
})

describe('secrets', () => {
  const secret = 'correct-horse-battery-staple'

  test('are masked among the effective settings, and whole in the settings', () => {
    const { settings, effective } = loadSettings({ COLLOQUY_HTTP_TOKEN: secret })

    expect(settings.HTTP_TOKEN).toBe(secret)
    expect(JSON.stringify(effective)).not.toContain(secret)
    expect(effective.find(({ name }) => name === 'COLLOQUY_HTTP_TOKEN')?.value).toBe('********')
  })

  test('are not told by the error about a bad one', () => {
    expect(messageOf(refusal({ COLLOQUY_HTTP_TOKEN: 'too-short' }))).not.toContain('too-short')
  })
})

test('roles are taken in the order in which they are started, each once', () => {
  expect(loadSettings({ COLLOQUY_ROLES: 'tasks, host,tasks' }).settings.ROLES).toEqual(['host', 'tasks'])
  expect(loadSettings({ COLLOQUY_ROLES: 'all' }).settings.ROLES).toHaveLength(8)
})

test('sites with the widget are origins as browsers send them', () => {
  const WIDGET_ORIGINS = 'https://shop.example, http://127.0.0.1:3000,'
  expect(loadSettings({}, { WIDGET_ORIGINS }).settings.WIDGET_ORIGINS).toEqual(['https://shop.example', 'http://127.0.0.1:3000'])
  for (const wrong of ['shop.example', 'https://shop.example/', 'https://shop.example:443', 'https://Shop.example', '*', 'null']) {
    expect(messageOf(refusal({}, { WIDGET_ORIGINS: wrong }))).toContain('WIDGET_ORIGINS')
  }
})

test('prices of a model come in pairs', () => {
  expect(messageOf(refusal({ COLLOQUY_LLM_PRICE_IN: '0.5' }))).toContain('COLLOQUY_LLM_PRICE_OUT')
  expect(messageOf(refusal({ COLLOQUY_LLM_PRICE_IN: '-1', COLLOQUY_LLM_PRICE_OUT: '1' }))).toContain('COLLOQUY_LLM_PRICE_IN')
  expect(loadSettings({ COLLOQUY_LLM_PRICE_IN: '0.5', COLLOQUY_LLM_PRICE_OUT: '0' }).settings).toMatchObject({
    LLM_PRICE_IN: 0.5,
    LLM_PRICE_OUT: 0,
  })
})

test('a model endpoint without a model is refused', () => {
  expect(messageOf(refusal({ COLLOQUY_LLM_BASE_URL: 'http://127.0.0.1:1/v1' }))).toContain('COLLOQUY_LLM_MODEL')
})

test('the judge judges by a model only where there is one, and samples are shares', () => {
  expect(() => loadSettings({ COLLOQUY_JUDGE_EVALUATOR: 'both' })).toThrow('JUDGE_EVALUATOR: must be rules unless')
  const model = { COLLOQUY_LLM_BASE_URL: 'http://localhost:1/v1', COLLOQUY_LLM_MODEL: 'm' }
  expect(loadSettings({ ...model, COLLOQUY_JUDGE_EVALUATOR: 'both' }).settings.JUDGE_EVALUATOR).toBe('both')
  for (const bad of ['1.1', '-1', 'NaN', 'half'])
    expect(() => loadSettings({ COLLOQUY_QUALITY_SAMPLE: bad })).toThrow('COLLOQUY_QUALITY_SAMPLE: must be')
})
