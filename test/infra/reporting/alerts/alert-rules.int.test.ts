import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { obtainPromtool } from '../../../support/promtool.ts'

const RULES = fileURLToPath(new URL('../../../../infra/reporting/alerts/colloquy.rules.yml', import.meta.url))
const CASES = fileURLToPath(new URL('../../../support/data/alert-rules.test.yml', import.meta.url))

const { promtool = '', missing } = await obtainPromtool()
const said = async (...args: string[]): Promise<string> => {
  const { stdout, stderr } = await promisify(execFile)(promtool, args)
  return `${stdout}${stderr}`
}

test.skipIf(missing !== undefined)(`Prometheus takes the alert rules${missing === undefined ? '' : ` (skipped: ${missing})`}`, async () => {
  expect(await said('check', 'rules', RULES)).toMatch(/SUCCESS: \d+ rules found/)
})

test.skipIf(missing !== undefined)('each rule fires for its cause, and none for usual values', async () => {
  expect(await said('test', 'rules', CASES)).toMatch(/SUCCESS/)
})
