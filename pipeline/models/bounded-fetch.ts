import { ColloquyError } from '../../schemas/errors.ts'

/** A valid response has a few kilobytes. */
const BODY_BYTES_MAX = 1024 * 1024

/** `fetch` whose response body fails with `model_body_too_large` beyond `BODY_BYTES_MAX`. */
export const boundedFetch: typeof fetch = async (request, init) => {
  const response = await fetch(request, init)
  return response.body === null ? response : new Response(response.body.pipeThrough(limit()), response)
}

function limit(): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
  let bytes = 0
  return new TransformStream({
    transform(chunk, controller) {
      bytes += chunk.byteLength
      if (bytes <= BODY_BYTES_MAX) controller.enqueue(chunk)
      else controller.error(new ColloquyError('model_body_too_large', `the response has more than ${BODY_BYTES_MAX} bytes`))
    },
  })
}
