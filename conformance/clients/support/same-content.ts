/** Byte for byte the same: what a registry serves, and what a client pulled, against the layout they came from. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { getManifest, headBlob, headManifest, measureBlob, type Repository } from './http.ts'
import { children, isManifest, sha256OfFile, type Descriptor, type OciLayout } from './oci-layout.ts'

/** The registry serves the manifest at `reference` and everything below it, each with the bytes of the layout. */
export async function assertServes(
  repository: Repository,
  layout: OciLayout,
  { root, reference }: { root: Descriptor; reference: string },
): Promise<void> {
  const expected = await readFile(layout.blobFile(root.digest))
  assert.equal(text(await getManifest(repository, reference)), text(expected), `the manifest ${reference}`)
  const head = await headManifest(repository, reference)
  assert.equal(head.headers.get('docker-content-digest'), root.digest)
  assert.equal(head.headers.get('content-length'), String(expected.length))
  assert.equal(head.headers.get('content-type'), root.mediaType)
  for (const child of children(await layout.manifest(root.digest))) {
    if (isManifest(child)) await assertServes(repository, layout, { root: child, reference: child.digest })
    else await assertServesBlob(repository, child)
  }
}

async function assertServesBlob(repository: Repository, blob: Descriptor): Promise<void> {
  const head = await headBlob(repository, blob.digest)
  assert.equal(head.status, 200, `HEAD blob ${blob.digest}`)
  assert.equal(head.headers.get('content-length'), String(blob.size))
  assert.deepEqual(await measureBlob(repository, blob.digest), { digest: blob.digest, size: blob.size })
}

/** A layout that a client wrote holds the manifest and everything below it, with the bytes of the layout it was pushed from. */
export async function assertHolds(pulled: OciLayout, original: OciLayout, root: Descriptor): Promise<void> {
  assert.equal(
    text(await readFile(pulled.blobFile(root.digest))),
    text(await readFile(original.blobFile(root.digest))),
    `the manifest ${root.digest}`,
  )
  for (const child of children(await original.manifest(root.digest))) {
    if (isManifest(child)) await assertHolds(pulled, original, child)
    else await assertFileIs(pulled.blobFile(child.digest), child)
  }
}

/** By digest rather than in memory: a layer may be big. */
export async function assertFileIs(file: string, blob: Descriptor): Promise<void> {
  assert.equal(await sha256OfFile(file), blob.digest, `the content of ${file}`)
}

/** Every byte one character, so that a difference can be read. */
function text(bytes: Buffer): string {
  return bytes.toString('latin1')
}
