// Answers an offer with a data channel: text comes back with "echo " in front, "send N" asks for N
// numbered binary messages, "count" tells what came, "close" closes.
// @ts-check

const MESSAGE_BYTES = 1200;

export class DataChannelAnswerer {
  /** @type {RTCDataChannel | undefined} */
  #channel;
  #connection = new RTCPeerConnection();
  /** @type {number[]} */
  #numbers = [];
  #isClosed = false;

  constructor() {
    this.#connection.ondatachannel = ({ channel }) => {
      this.#channel = channel;
      channel.binaryType = 'arraybuffer';
      channel.onmessage = ({ data }) => this.#take(channel, data);
      channel.onclose = () => (this.#isClosed = true);
    };
  }

  /**
   * @param {string} offer
   * @param {'active' | 'passive'} setup
   */
  async answer(offer, setup) {
    await this.#connection.setRemoteDescription({ type: 'offer', sdp: offer });
    const { sdp = '' } = await this.#connection.createAnswer();
    const chosen = sdp.replaceAll(/^a=setup:\w+/gm, `a=setup:${setup}`);
    await this.#connection.setLocalDescription({ type: 'answer', sdp: chosen });
    await new Promise((resolve) => {
      const look = () => {
        if (this.#connection.iceGatheringState === 'complete') resolve(undefined);
      };
      this.#connection.onicegatheringstatechange = look;
      look();
    });
    return this.#connection.localDescription?.sdp;
  }

  report() {
    const { label, id, ordered, maxRetransmits, protocol } = this.#channel ?? {};
    return { label, id, ordered, maxRetransmits, protocol, isClosed: this.#isClosed };
  }

  /**
   * @param {RTCDataChannel} channel
   * @param {string | ArrayBuffer} data
   */
  #take(channel, data) {
    if (typeof data !== 'string') {
      this.#numbers.push(new DataView(data).getUint32(0));
    } else if (data === 'count') {
      const isInOrder = this.#numbers.every((number, index) => number === index);
      channel.send(JSON.stringify({ count: this.#numbers.length, isInOrder }));
    } else if (data.startsWith('send ')) {
      for (let number = 0; number < Number(data.slice(5)); number++) {
        const bytes = new Uint8Array(MESSAGE_BYTES);
        new DataView(bytes.buffer).setUint32(0, number);
        channel.send(bytes);
      }
    } else if (data === 'close') {
      channel.close();
    } else {
      channel.send(`echo ${data}`);
    }
  }
}
