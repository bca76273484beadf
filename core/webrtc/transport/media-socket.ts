// The sending door of the mux socket, as the media engine sees it.
import type { PeerAddress } from './peer-address.ts';

/** Sends already protected packets to peers; never queues without bound. */
export interface MediaSocket {
  /**
   * Sends one packet. UDP: handed to the kernel synchronously; when the kernel's buffer is full
   * libuv queues a reference to `bytes`, so after isCongested() turned true the bytes must stay
   * unchanged until it turns false. TCP: copied into a bounded queue.
   * Returns false when the packet was dropped (counted); never throws.
   */
  sendTo(peer: PeerAddress, bytes: Uint8Array): boolean;
  /** True while datagrams wait in libuv beyond the limit: stop sending for this turn. */
  isCongested(): boolean;
  /** Bytes waiting in libuv's send queue of the UDP socket. */
  sendQueueBytes(): number;
  /** Datagrams waiting in libuv's send queue of the UDP socket. */
  sendQueueCount(): number;
}
