import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ANSWER_PROMPTS } from '../../../actors/prompting/built-in-prompts.ts'
import { createPromptsReader, readPromptVersion } from '../../../pipeline/prompts/prompts-reader.ts'
import { createTenantSettingsReader } from '../../../pipeline/tenants/tenant-settings-reader.ts'
import { cliJson, type CliRun, runCli } from '../../support/run-cli.ts'
import { startSystem, type System, temporaryFolder } from '../../support/test-system.ts'

const settings = { ROLES: 'host,dispatch' }
let system: System
let dataDir: string
beforeAll(async () => {
  dataDir = await temporaryFolder()
  system = await startSystem({ dataDir, settings })
})
afterAll(async () => {
  await system.stop()
  await rm(dataDir, { recursive: true })
})

const run = (...args: string[]): Promise<CliRun> => runCli(['prompts', ...args, '--tenant', 'acme'], { dataDir, settings })
const json = <T>(...args: string[]): Promise<T[]> => cliJson<T>(['prompts', ...args, '--tenant', 'acme'], { dataDir, settings })
const set = async (name: string, text: string, ...more: string[]): Promise<CliRun> => {
  const file = join(dataDir, 'prompt.txt')
  await writeFile(file, text)
  return run('set', name, file, ...more)
}

test('a prompt is set, released to a share, shown, compared and rolled back by commands', async () => {
  expect((await run('ls')).stderr).toContain('The tenant acme has set no prompt')
  expect((await set('answer', 'Be kind.\nYou are {{persona}}.\n', '--note', 'first')).stdout).toContain('answer of acme has version 1')
  expect((await set('answer', 'Be kind.\nYou are {{persona}}.\n')).stdout).toContain('version 1')
  expect((await set('answer', 'Be brief.\nYou are {{persona}}. {{tone}}', '--var', 'tone=亲切')).stdout).toContain('version 2')
  expect(await json('release', 'answer', '1')).toEqual([{ version: 1, share: 1, before: 0 }])
  expect((await run('release', 'answer', '2', '--share', '10%')).stdout).toBe(
    '10 % of the conversations of acme get version 2 of answer; the others get version 1\n',
  )
  expect(await json('ls')).toEqual([{ name: 'answer', version: 2, release: { version: 2, share: 0.1, before: 1 } }])
  expect((await run('ls')).stdout).toMatch(/answer.*2.*version 2.*10 %.*version 1/)
  expect(await json('show', 'answer', '--at', '1')).toEqual([
    { version: 1, text: 'Be kind.\nYou are {{persona}}.', variables: {}, note: 'first' },
  ])
  expect((await run('diff', 'answer', '1')).stdout).toBe(
    ['- Be kind.', '- You are {{persona}}.', '+ Be brief.', '+ You are {{persona}}. {{tone}}', '+ tone=亲切', ''].join('\n'),
  )
  expect(await json('release', 'answer', '1')).toEqual([{ version: 1, share: 1, before: 1 }])
})

test('what cannot be set or released is refused before it is sent', async () => {
  const refused = await set('answer', 'You are {{persnoa}}')
  expect([refused.code, refused.stdout]).toEqual([1, ''])
  expect(refused.stderr).toContain('text: line 1: there is no variable "persnoa"')
  expect((await run('release', 'answer', '9')).stderr).toContain('there are the versions 1 to 2')
  expect((await run('release', 'answer', '2', '--share', '2')).stderr).toContain('It must be from 0 to 1')
  expect((await run('show', 'answer', '--at', '9')).stderr).toContain('has the versions 1 to 2, and no 9')
  expect((await run('show', 'nothing')).stderr).toContain('has set no prompt "nothing"')
  expect((await run('set', 'answer', join(dataDir, 'missing.txt'))).stderr).toContain('missing.txt')
})

test('a process that has read a prompt sees the next release, and falls back to the built-in text', async () => {
  const tenants = createTenantSettingsReader(system.running.jetstream)
  const prompts = createPromptsReader(system.running.jetstream, tenants)
  const promptFor = (lang: 'en' | 'zh' = 'en') =>
    prompts.promptFor({ tenant: 'acme', name: 'reply', actorId: 'c1' }, { builtIn: ANSWER_PROMPTS, lang })
  try {
    expect(await promptFor('zh')).toMatchObject({
      promptVersion: `reply@${ANSWER_PROMPTS.zh.version}`,
      template: ANSWER_PROMPTS.zh.text,
      variables: { persona: '', language: '简体中文' },
    })
    await runCli(['tenant', 'set', 'acme', 'PERSONA', 'Mo'], { dataDir, settings })
    await set('reply', 'You are {{persona}}. {{tone}}', '--var', 'tone=warm')
    expect((await promptFor()).promptVersion).toContain('built-in')
    await run('release', 'reply', '1')
    await expect
      .poll(() => promptFor())
      .toMatchObject({ promptVersion: 'reply@1', template: 'You are {{persona}}. {{tone}}', variables: { persona: 'Mo', tone: 'warm' } })
    await run('release', 'reply', '0')
    await expect.poll(async () => (await promptFor()).promptVersion).toContain('built-in')
  } finally {
    prompts.stop()
    tenants.stop()
  }
})

test('a version whose text is no longer kept is read from the log', async () => {
  for (let version = 1; version <= 13; version++) await set('long', `text ${version}`)
  const refused = await run('release', 'long', '1')
  expect(refused.stderr).toContain('the text of version 1 is no longer kept')
  expect(await readPromptVersion(system.running.jetstream, { tenant: 'acme', name: 'long' }, 2)).toMatchObject({
    version: 2,
    text: 'text 2',
  })
})
