// A browser starts no Worker for a page that is a file. There, the site's search runs in a hidden frame of the page instead:
// this class takes the Worker's place. On a web server nothing is changed.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    #inner;
    #waiting = [];
    #ready = false;

    constructor(address) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      document.documentElement.append(frame);
      this.#inner = frame.contentWindow;
      this.#inner.postMessage = (data) => this.#tell(data);
      this.#inner.importScripts = (...scripts) =>
        scripts.reduce((before, each) => before.then(() => this.#load(each)), Promise.resolve());
      this.#load(address).then(() => {
        this.#ready = true;
        for (const data of this.#waiting) this.postMessage(data);
      });
    }

    postMessage(data) {
      if (this.#ready) this.#inner.dispatchEvent(new this.#inner.MessageEvent("message", { data }));
      else this.#waiting.push(data);
    }

    terminate() {
      this.#inner.frameElement.remove();
    }

    #tell(data) {
      const event = new MessageEvent("message", { data });
      this.dispatchEvent(event);
      this.onmessage?.(event);
    }

    #load(address) {
      return new Promise((loaded, failed) => {
        const script = this.#inner.document.createElement("script");
        script.src = address;
        script.onload = loaded;
        script.onerror = () => failed(new Error(`${address} cannot be loaded`));
        this.#inner.document.documentElement.append(script);
      });
    }
  };
}
