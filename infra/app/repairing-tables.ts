import { type ClickHouseClient, ClickHouseError } from '@clickhouse/client'
import { damagedTables } from '../../pipeline/projector/present-generations.ts'
import type { TableName } from '../../schemas/tables.ts'
import type { Output } from './terminal-output.ts'

/**
 * Tables that lack rows, because they are being made again after damage; a note on stderr names them. None where the user may not read the
 * marks, and in a database without them, such as one of "rebuild --into". The rights of the user `analyst` are enough.
 */
export async function noteRepairingTables(clickhouse: ClickHouseClient, out: Pick<Output, 'note'>): Promise<readonly TableName[]> {
  const tables = await damagedTables(clickhouse).catch((error: unknown) => {
    if (error instanceof ClickHouseError) return []
    throw error
  })
  if (tables.length > 0)
    out.note(
      `Rows may be missing: these tables are being made again from LOG after damage: ${tables.join(', ')} (table_damaged). `
        + '"colloquy status --problems" shows them until then.',
    )
  return tables
}
