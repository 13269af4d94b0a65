/** A storage that changes hands between distribution and Lading, whatever kind of storage it is: the story, and what both can be asked. */
import assert from 'node:assert/strict'
import type { OciLayout } from '../../clients/support/oci-layout.ts'
import { ask, type Request } from './ask.ts'
import { observe } from './observe.ts'
import { lading, peers, type PeerName, type Program } from './programs.ts'
import { deleteReference, pushSample } from './sample-content.ts'

export interface SwitchedPlace {
  /** Content that is to be pushed. */
  readonly layout: OciLayout
  /** Serves the storage for as long as `work` takes, always at the same address. */
  serve<T>(program: Program, work: (url: string) => Promise<T>): Promise<T>
}

export const catalog: Request = { method: 'GET', path: '/v2/_catalog' }

/** Each pushes, and deletes what the other one pushed; after every change both answer everything alike. */
export async function assertServeTheSame(place: SwitchedPlace, peerName: PeerName): Promise<void> {
  const peer = peers[peerName]
  const requests: Request[] = []
  const assertAlike = async (): Promise<void> => {
    const asked = requestsOfBoth(peerName, [catalog, ...requests])
    const seen = await place.serve(peer, (url) => observe(url, asked))
    assert.deepEqual(await place.serve(lading, (url) => observe(url, asked)), seen)
  }

  const first = await place.serve(peer, (url) => pushSample(url, place.layout, 'first'))
  requests.push(...first.requests)
  await assertAlike()

  const second = await place.serve(lading, async (url) => {
    const sample = await pushSample(url, place.layout, 'second')
    await deleteSome(url, 'first')
    return sample
  })
  requests.push(...second.requests)
  await assertAlike()

  const third = await place.serve(peer, async (url) => {
    await deleteSome(url, 'second')
    return pushSample(url, place.layout, 'third')
  })
  requests.push(...third.requests)
  await assertAlike()
}

/** 2.8 does not page lists of tags, and cuts the connection on a range behind the end. */
export function requestsOfBoth(peerName: PeerName, requests: readonly Request[]): Request[] {
  const isOdd = ({ path, headers = {} }: Request): boolean =>
    path.includes('/tags/list?') || /^bytes=[1-9]\d+-$/.test(headers['Range'] ?? '')
  return requests.filter((request) => peerName !== 'distribution2' || !isOdd(request))
}

/** A tag alone, and an image with all its tags. */
async function deleteSome(url: string, namespace: string): Promise<void> {
  const head = await ask(url, { method: 'HEAD', path: `/v2/${namespace}/many/manifests/build-0007` })
  const image = String(head.headers['docker-content-digest'])
  await deleteReference(url, `/v2/${namespace}/images/multi/manifests/1.0`)
  await deleteReference(url, `/v2/${namespace}/many/manifests/${image}`)
}
