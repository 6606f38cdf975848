import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Kvm } from '@nats-io/kv'
import { z } from 'zod'
import { ACCESS_BUCKET, type AccessChange, putAccess, readAccess } from '../../pipeline/access/key-bucket.ts'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { accessKeySchema } from '../../schemas/access-keys.ts'
import { codeOf } from '../../schemas/errors.ts'
import { writeWhole } from './backup-folder.ts'

/** The file of a backup with what each key allows. A backup of an earlier version has none. */
const FILE = 'access.json'
const changesSchema = z.array(z.union([z.object({ key: accessKeySchema }), z.object({ signer: z.string(), publicKey: z.string() })]))

/** Copies what keys allow, and which are revoked, into a backup: a restored system is protected as this one is. */
export async function copyAccess(jetstream: JetStreamContext, dir: string): Promise<void> {
  const changes: AccessChange[] = []
  await readAccess(jetstream, 0, (change) => changes.push(change))
  await writeWhole(join(dir, FILE), Buffer.from(JSON.stringify(changes)))
}

/** Keeps the keys of a backup again. */
export async function refillAccess({ nc }: JetStreamContext, dir: string): Promise<void> {
  const text = await readFile(join(dir, FILE), 'utf8').catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return '[]'
    throw error
  })
  const kv = await new Kvm(nc).open(ACCESS_BUCKET)
  for (const change of changesSchema.parse(JSON.parse(text))) await putAccess(kv, change)
}
