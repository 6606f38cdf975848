import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { diskBytesOf } from '../../../bench/harness/disk-bytes.ts'
import { loadSettings } from '../../../infra/settings.ts'

test('bytes on disk are counted while files and folders come and go, those of the stream alone', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'colloquy-disk-'))
  const streams = join(dataDir, 'nats', 'jetstream', '$G', 'streams')
  await mkdir(join(streams, 'LOG', 'msgs'), { recursive: true })
  await writeFile(join(streams, 'LOG', 'msgs', '1.blk'), Buffer.alloc(1_000))
  await mkdir(join(streams, 'INBOX', 'msgs'), { recursive: true })
  await writeFile(join(streams, 'INBOX', 'msgs', '1.blk'), Buffer.alloc(500))

  let counting = true
  const churn = async (folder: string): Promise<void> => {
    while (counting) {
      await mkdir(join(folder, 'tmp', 'deeper'), { recursive: true })
      await writeFile(join(folder, 'tmp', 'deeper', 'empty'), '')
      await rm(join(folder, 'tmp'), { recursive: true })
    }
  }
  const churning = Promise.all([join(streams, 'LOG'), join(dataDir, 'nats', 'x'), join(dataDir, 'clickhouse', 'store')].map(churn))
  const { settings } = loadSettings({}, { DATA_DIR: dataDir })
  for (let round = 0; round < 200; round++) expect(await diskBytesOf({ settings }, 'LOG')).toBe(1_000)
  counting = false
  await churning
  await rm(dataDir, { recursive: true })
})

test("where the server is not the system's own, nothing is known", async () => {
  const { settings } = loadSettings({}, { NATS_URL: 'nats://127.0.0.1:4222' })
  expect(await diskBytesOf({ settings }, 'LOG')).toBeUndefined()
})
