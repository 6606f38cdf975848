import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { launch } from '../../../infra/app/launch.ts'
import { loadKinds } from '../../../infra/app/load-kinds.ts'
import { obtainLexicalModel } from '../../../infra/servers/models/lexical-model.ts'
import { loadSettings } from '../../../infra/settings.ts'
import { expectRejection } from '../../support/expect-rejection.ts'
import { settingsFor, silent, temporaryFolder } from '../../support/test-system.ts'

test('a folder that holds no re-ranker ends the start before anything else starts, and is named without a word of the cache', async () => {
  const dataDir = await temporaryFolder()
  const { folder } = await obtainLexicalModel(await temporaryFolder(), silent)
  const { settings } = loadSettings({}, settingsFor(dataDir, { RERANK_MODEL: folder }))
  const start = launch(settings, await loadKinds(settings), silent)
  await expectRejection(start, 'bad_model', /COLLOQUY_RERANK_MODEL, or restore its files/)
  await expect(start).rejects.not.toThrow(/cache/)
  expect(existsSync(join(dataDir, 'nats'))).toBe(false)
})
