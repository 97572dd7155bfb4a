// The map of the songs: one ES module without dependencies, the same in the app and in the report.
//
// In the app Streamlit calls the default export, again for every new `data`. On a static page the map mounts
// itself on every element with `data-starmap`, the id of the element that holds its settings as JSON.
// What `data` holds is written down in page.py (`map_settings`), the packed parts in packing.py.
//
// Words: a *place* is the number of a song in packed order; the *rank* of a song is its turn in the shuffled
// order of drawing, so that any first few of them are a fair sample. Map coordinates are those of Python;
// steps are the 16-bit coordinates inside `bounds`; pixels are CSS pixels of the stage unless said otherwise.

const LARGEST_STEP = 65535;
const MIN_ZOOM = 0.5;
const MAX_ZOOM = 400;
const HOVER_PIXELS = 9;
const TOUCH_PIXELS = 18;
const CLICK_PIXELS = 5;
const LASSO_CORNERS = 200;
const STILL_SONGS = 40000;
const FIRST_SLICE = 120000;
const SAMPLE = 60000;
const FOUND = 8;
const RAMP = ["#3f2d91", "#2f6fb3", "#1f9e89", "#86b92d", "#f0b400"];
const NOT_KNOWN = "#9aa0aa";
const NO_GROUP = 65535;
const RAMP_END = 254;

// ---------------------------------------------------------------- packed parts

function partKey(part) {
  return part ? JSON.stringify(part) : "";
}

async function partBytes(part) {
  if (part.src) {
    const answer = await fetch(part.src);
    if (!answer.ok) throw new Error(`${answer.status} for a part of the map`);
    return unpacked(new Uint8Array(await answer.arrayBuffer()));
  }
  const text = part.element ? document.getElementById(part.element).textContent.trim() : part.base64;
  const signs = atob(text);
  const bytes = new Uint8Array(signs.length);
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = signs.charCodeAt(at);
  return unpacked(bytes);
}

async function unpacked(bytes) {
  const isGzip = bytes.length > 1 && bytes[0] === 0x1f && bytes[1] === 0x8b;
  if (!isGzip) return bytes;
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function decodeCodes(bytes) {
  const n = bytes.length / 4;
  const codes = new Uint32Array(n);
  let code = 0;
  for (let at = 0; at < n; at += 1) {
    const step = (bytes[at] << 24) | (bytes[n + at] << 16) | (bytes[2 * n + at] << 8) | bytes[3 * n + at];
    code = (code + (step >>> 0)) >>> 0;
    codes[at] = code;
  }
  return codes;
}

function decodeGroups(bytes, n) {
  if (bytes.length !== n) return new Uint16Array(bytes.buffer, bytes.byteOffset, n);
  const groups = new Uint16Array(bytes);
  for (let at = 0; at < n; at += 1) if (groups[at] === 255) groups[at] = NO_GROUP;
  return groups;
}

// The colours of values along a ramp, 0 to RAMP_END from low to high.
function rampGroups(values) {
  return values.map((value) => (value === LARGEST_STEP ? NO_GROUP : Math.round((value / (LARGEST_STEP - 1)) * RAMP_END)));
}

// A value along a ramp in words, with its unit, as the legend writes it.
function rampWords(value, { ends, cut, unit, decimals }) {
  if (value === LARGEST_STEP) return "not known";
  const [low, high] = ends;
  const number = low + (value / (LARGEST_STEP - 1)) * (high - low);
  let words = `${number.toFixed(decimals).replace(/^-(?=0(\.0+)?$)/, "").replace("-", "−")}${unit && unit !== "%" ? " " : ""}${unit}`;
  if (unit === "min") {
    const seconds = Math.round(60 * number);
    words = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")} min`;
  }
  if (value === 0 && cut[0]) return `${words} or less`;
  return value === LARGEST_STEP - 1 && cut[1] ? `${words} or more` : words;
}

function evenBits(code) {
  let bits = code & 0x55555555;
  bits = (bits | (bits >>> 1)) & 0x33333333;
  bits = (bits | (bits >>> 2)) & 0x0f0f0f0f;
  bits = (bits | (bits >>> 4)) & 0x00ff00ff;
  return (bits | (bits >>> 8)) & 0xffff;
}

// ---------------------------------------------------------------- places, and which lie where

class Places {
  // The Morton order is the spatial index: every square of a quadtree is one run of the sorted codes.
  constructor(codes, bounds) {
    this.n = codes.length;
    this.codes = codes;
    this.bounds = bounds;
    this.xs = new Uint16Array(this.n);
    this.ys = new Uint16Array(this.n);
    this.order = shuffled(this.n);
    this.rank = new Uint32Array(this.n);
    for (let at = 0; at < this.n; at += 1) {
      this.xs[at] = evenBits(codes[at]);
      this.ys[at] = evenBits(codes[at] >>> 1);
      this.rank[this.order[at]] = at;
    }
  }

  at(place) {
    const [left, bottom, right, top] = this.bounds;
    return [
      left + (this.xs[place] / LARGEST_STEP) * (right - left),
      bottom + (this.ys[place] / LARGEST_STEP) * (top - bottom),
    ];
  }

  steps([x, y]) {
    const [left, bottom, right, top] = this.bounds;
    return [((x - left) / (right - left)) * LARGEST_STEP, ((y - bottom) / (top - bottom)) * LARGEST_STEP];
  }

  // Calls `each(place)` for every song in a box of map coordinates.
  visit([left, bottom, right, top], each) {
    const [x0, y0] = this.steps([left, bottom]);
    const [x1, y1] = this.steps([right, top]);
    const { xs, ys, codes } = this;
    const first = (value, from, to) => {
      let low = from;
      let high = to;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (codes[middle] < value) low = middle + 1;
        else high = middle;
      }
      return low;
    };
    const descend = (from, to, code, level) => {
      if (from >= to) return;
      const side = 2 ** level - 1;
      const x = evenBits(code);
      const y = evenBits(code >>> 1);
      if (x > x1 || y > y1 || x + side < x0 || y + side < y0) return;
      const whole = x >= x0 && y >= y0 && x + side <= x1 && y + side <= y1;
      if (whole || level === 0 || to - from <= 48) {
        for (let at = from; at < to; at += 1) {
          if (whole || (xs[at] >= x0 && xs[at] <= x1 && ys[at] >= y0 && ys[at] <= y1)) each(at);
        }
        return;
      }
      const quarter = 4 ** (level - 1);
      let start = from;
      for (let child = 0; child < 4; child += 1) {
        const corner = code + child * quarter;
        const stop = child === 3 ? to : first(corner + quarter, start, to);
        descend(start, stop, corner, level - 1);
        start = stop;
      }
    };
    descend(0, this.n, 0, 16);
  }

  countInside(polygon) {
    const xs = polygon.map(([x]) => x);
    const ys = polygon.map(([, y]) => y);
    let count = 0;
    this.visit([Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)], (place) => {
      if (isInside(this.at(place), polygon)) count += 1;
    });
    return count;
  }
}

function shuffled(n) {
  const order = new Uint32Array(n);
  let state = 0x2545f491;
  for (let at = 0; at < n; at += 1) order[at] = at;
  for (let at = n - 1; at > 0; at -= 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const other = (state >>> 0) % (at + 1);
    const kept = order[at];
    order[at] = order[other];
    order[other] = kept;
  }
  return order;
}

function isInside([x, y], polygon) {
  let inside = false;
  let [fromX, fromY] = polygon[polygon.length - 1];
  for (const [toX, toY] of polygon) {
    if (fromY > y !== toY > y && x < fromX + ((y - fromY) / (toY - fromY)) * (toX - fromX)) inside = !inside;
    [fromX, fromY] = [toX, toY];
  }
  return inside;
}

// ---------------------------------------------------------------- names, fetched by chunks

class Names {
  constructor(settings, n, arrived) {
    this.settings = settings;
    this.nChunks = settings ? Math.ceil(n / settings.chunk) : 0;
    this.chunks = new Map();
    this.asked = new Map();
    this.arrived = arrived;
  }

  of(place) {
    if (!this.settings) return null;
    const chunk = this.chunks.get(Math.floor(place / this.settings.chunk));
    return chunk ? chunk[place % this.settings.chunk] : null;
  }

  ask(place) {
    if (this.settings && place !== null) this.load(Math.floor(place / this.settings.chunk));
  }

  load(number) {
    if (!this.asked.has(number)) {
      const { src, parts } = this.settings;
      const part = src ? { src: src.replace("{chunk}", String(number)) } : parts[number];
      const loading = partBytes(part).then(
        (bytes) => {
          this.chunks.set(number, JSON.parse(new TextDecoder().decode(bytes)));
          this.arrived();
        },
        () => this.asked.delete(number), // asked for again by the next hover
      );
      this.asked.set(number, loading);
    }
    return this.asked.get(number);
  }

  async all() {
    await Promise.all(Array.from({ length: this.nChunks }, (_, number) => this.load(number)));
    this.folded ??= Array.from({ length: this.nChunks }, (_, number) => {
      return (this.chunks.get(number) ?? []).map((pair) => folded(pair.join(" ")));
    }).flat();
    return this.folded;
  }

  // Places of songs that have every word, those first whose title begins with what was written.
  async find(text) {
    const wanted = folded(text);
    const words = wanted.split(/\s+/).filter(Boolean);
    if (!words.length) return [];
    const found = [];
    const all = await this.all();
    for (let place = 0; place < all.length && found.length < 400; place += 1) {
      if (words.every((word) => all[place].includes(word))) found.push(place);
    }
    const late = (place) => (all[place].startsWith(wanted) ? 0 : 1);
    return found.sort((one, other) => late(one) - late(other)).slice(0, FOUND);
  }
}

function folded(text) {
  return text.normalize("NFD").replace(/\p{Mn}/gu, "").toLowerCase();
}

// ---------------------------------------------------------------- colours

function channels(colour) {
  if (colour.startsWith("#")) return [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  return (colour.match(/[\d.]+/g) ?? [0, 0, 0]).slice(0, 3).map(Number);
}

function luminance(colour) {
  const [red, green, blue] = colour.map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

// The colour itself, or lighter on dark paper where it could not be told from it.
function legible(colour, paper) {
  const ground = luminance(paper);
  if (ground > 0.3) return colour;
  let shown = colour;
  for (let turn = 0; turn < 12 && (luminance(shown) + 0.05) / (ground + 0.05) < 2.6; turn += 1) {
    shown = shown.map((value) => value + (255 - value) * 0.12);
  }
  return shown.map(Math.round);
}

function rampColour(share) {
  const at = Math.min(share * (RAMP.length - 1), RAMP.length - 1.0001);
  const [low, high] = [channels(RAMP[Math.floor(at)]), channels(RAMP[Math.floor(at) + 1])];
  return low.map((value, part) => value + (high[part] - value) * (at % 1));
}

function css(colour, alpha = 1) {
  return `rgb(${colour.map(Math.round).join(" ")} / ${alpha})`;
}

// ---------------------------------------------------------------- painters

const VERTEX = `#version 300 es
in vec2 place;
in uint group;
uniform vec2 scale, shift;
uniform float size;
uniform highp sampler2D palette;
flat out vec4 colour;
flat out int form;
void main() {
  int number = int(group);
  colour = texelFetch(palette, ivec2(number & 255, number >> 8), 0);
  form = 255 - int(colour.a * 255.0 + 0.5);
  gl_Position = colour.a == 0.0 ? vec4(2.0, 2.0, 0.0, 1.0) : vec4(place * scale + shift, 0.0, 1.0);
  gl_PointSize = size;
}`;

const FRAGMENT = `#version 300 es
precision highp float;
flat in vec4 colour;
flat in int form;
uniform float size, opacity;
uniform bool shaped;
uniform vec3 rim;
out vec4 seen;
float plus(vec2 a) {
  return min(max(a.x - 0.36, a.y - 1.0), max(a.y - 0.36, a.x - 1.0));
}
float beyond(vec2 p) {
  vec2 a = abs(p);
  if (!shaped || form == 0) return length(p) - 1.0;
  if (form == 1) return max(a.x, a.y) - 0.85;
  if (form == 2) return max((1.737 * a.x - p.y - 0.95) * 0.5, p.y - 0.7);
  if (form == 3) return (a.x + a.y - 1.0) * 0.7071;
  if (form == 4) return max((1.737 * a.x + p.y - 0.95) * 0.5, -p.y - 0.7);
  if (form == 5) return plus(a);
  if (form == 6) return plus(abs(vec2(p.x + p.y, p.x - p.y)) * 0.7071);
  return max(length(p) - 1.0, 0.42 - length(p));
}
void main() {
  float cover = 1.0;
  vec3 tone = colour.rgb;
  if (size > 2.5) {
    float inside = -beyond(gl_PointCoord * 2.0 - 1.0) * size * 0.5;
    cover = clamp(inside + 0.5, 0.0, 1.0);
    if (cover <= 0.0) discard;
    if (size > 8.0) tone = mix(rim, tone, clamp(inside - 0.3, 0.0, 1.0));
  }
  float alpha = cover * opacity;
  seen = vec4(tone * alpha, alpha);
}`;

class GlPainter {
  static context(canvas) {
    return canvas.getContext("webgl2", { antialias: false, depth: false, preserveDrawingBuffer: true });
  }

  constructor(canvas, gl) {
    this.canvas = canvas;
    this.gl = gl;
    this.limit = Infinity;
    this.program = linked(gl);
    this.uniform = (name) => gl.getUniformLocation(this.program, name);
    this.at = Object.fromEntries(
      ["scale", "shift", "size", "opacity", "shaped", "rim"].map((name) => [name, this.uniform(name)]),
    );
    this.buffers = { place: gl.createBuffer(), group: gl.createBuffer(), subset: gl.createBuffer() };
    this.palette = gl.createTexture();
    gl.useProgram(this.program);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
  }

  load(places) {
    const { gl } = this;
    const { n, order, xs, ys } = places;
    const pairs = new Uint16Array(2 * n);
    for (let rank = 0; rank < n; rank += 1) {
      pairs[2 * rank] = xs[order[rank]];
      pairs[2 * rank + 1] = ys[order[rank]];
    }
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers.place);
    gl.bufferData(gl.ARRAY_BUFFER, pairs, gl.STATIC_DRAW);
    const slot = gl.getAttribLocation(this.program, "place");
    gl.enableVertexAttribArray(slot);
    gl.vertexAttribPointer(slot, 2, gl.UNSIGNED_SHORT, true, 0, 0);
  }

  // `last` is the colour of songs that are in no group.
  group(groups, order, last) {
    const { gl } = this;
    const byRank = new Uint16Array(order.length);
    for (let rank = 0; rank < order.length; rank += 1) byRank[rank] = Math.min(groups[order[rank]], last);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers.group);
    gl.bufferData(gl.ARRAY_BUFFER, byRank, gl.STATIC_DRAW);
    const slot = gl.getAttribLocation(this.program, "group");
    gl.enableVertexAttribArray(slot);
    gl.vertexAttribIPointer(slot, 1, gl.UNSIGNED_SHORT, 0, 0);
  }

  // The texels hold the shape where others hold how opaque they are; 0 hides a group.
  colours(palette, shapes) {
    const { gl } = this;
    const height = Math.ceil(palette.length / 256);
    const texels = new Uint8Array(256 * height * 4);
    palette.forEach((entry, at) => texels.set(entry ? [...entry, 255 - shapes[at]] : [0, 0, 0, 0], 4 * at));
    gl.bindTexture(gl.TEXTURE_2D, this.palette);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, 256, height, 0, gl.RGBA, gl.UNSIGNED_BYTE, texels);
  }

  select(ranks) {
    this.gl.bindBuffer(this.gl.ELEMENT_ARRAY_BUFFER, this.buffers.subset);
    this.gl.bufferData(this.gl.ELEMENT_ARRAY_BUFFER, ranks, this.gl.DYNAMIC_DRAW);
  }

  draw(view, from, to, subset) {
    const { gl, at } = this;
    const [left, bottom, right, top] = view.bounds;
    gl.viewport(0, 0, this.canvas.width, this.canvas.height);
    if (from === 0) {
      gl.clearColor(0, 0, 0, 0);
      gl.clear(gl.COLOR_BUFFER_BIT);
    }
    const across = (2 * view.scale) / view.width;
    const up = (2 * view.scale) / view.height;
    gl.uniform2f(at.scale, (right - left) * across, (top - bottom) * up);
    gl.uniform2f(at.shift, (left - view.x) * across, (bottom - view.y) * up);
    gl.uniform1f(at.size, view.size * view.ratio);
    gl.uniform1f(at.opacity, view.opacity);
    gl.uniform1i(at.shaped, view.shaped ? 1 : 0);
    gl.uniform3f(at.rim, ...view.paper.map((value) => value / 255));
    if (subset) gl.drawElements(gl.POINTS, to - from, gl.UNSIGNED_INT, 4 * from);
    else gl.drawArrays(gl.POINTS, from, to - from);
  }

  free() {
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }
}

function linked(gl) {
  const program = gl.createProgram();
  for (const [kind, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
    throw new Error(gl.getProgramInfoLog(program));
  }
  return program;
}

class StillPainter {
  // The same picture on a plain canvas, of a fair sample of the songs.
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.limit = STILL_SONGS;
  }

  load(places) {
    this.places = places;
  }

  group(groups, order, last) {
    this.groups = groups.map((group) => Math.min(group, last));
  }

  colours(palette, shapes) {
    this.palette = palette.map((entry) => entry && css(entry));
    this.shapes = shapes;
  }

  select(ranks) {
    this.ranks = ranks;
  }

  draw(view, from, to, subset) {
    const { context } = this;
    const { order } = this.places;
    context.setTransform(view.ratio, 0, 0, view.ratio, 0, 0);
    if (from === 0) context.clearRect(0, 0, view.width, view.height);
    context.globalAlpha = view.opacity;
    const size = Math.max(view.size, 2);
    for (let rank = from; rank < to; rank += 1) {
      const place = order[subset ? this.ranks[rank] : rank];
      const colour = this.palette[this.groups[place]];
      if (!colour) continue;
      const [x, y] = view.toScreen(this.places.at(place));
      if (x < -size || y < -size || x > view.width + size || y > view.height + size) continue;
      context.fillStyle = colour;
      if (size < 3) context.fillRect(x - size / 2, y - size / 2, size, size);
      else context.fill(shapePath(view.shaped ? this.shapes[this.groups[place]] : 0, x, y, size / 2));
    }
    context.globalAlpha = 1;
  }

  free() {}
}

// The outline of a shape around (x, y), the same that the shader draws.
function shapePath(shape, x, y, radius) {
  const path = new Path2D();
  const ring = (corners) => {
    corners.forEach(([across, down], at) => {
      path[at ? "lineTo" : "moveTo"](x + across * radius, y + down * radius);
    });
    path.closePath();
  };
  const plus = [[-0.36, -1], [0.36, -1], [0.36, -0.36], [1, -0.36], [1, 0.36], [0.36, 0.36], [0.36, 1], [-0.36, 1], [-0.36, 0.36], [-1, 0.36], [-1, -0.36], [-0.36, -0.36]];
  const turned = plus.map(([across, down]) => [(across + down) * 0.7071, (across - down) * 0.7071]);
  const corners = [
    null,
    [[-0.85, -0.85], [0.85, -0.85], [0.85, 0.85], [-0.85, 0.85]],
    [[0, -0.95], [0.95, 0.7], [-0.95, 0.7]],
    [[0, -1], [1, 0], [0, 1], [-1, 0]],
    [[0, 0.95], [0.95, -0.7], [-0.95, -0.7]],
    plus,
    turned,
    null,
  ][shape];
  if (corners) ring(corners);
  else {
    path.arc(x, y, radius, 0, 2 * Math.PI);
    if (shape === 7) path.arc(x, y, radius * 0.42, 0, 2 * Math.PI, true);
  }
  return path;
}

// ---------------------------------------------------------------- what stands over the songs

// Words of a label in at most two lines.
function lines(words) {
  const short = (text) => (text.length > 30 ? `${text.slice(0, 29)}…` : text);
  if (words.length <= 18 || !words.includes(" ")) return [short(words)];
  const spaces = [...words.matchAll(/ /g)].map((match) => match.index);
  const middle = spaces.reduce((best, at) =>
    Math.abs(at - words.length / 2) < Math.abs(best - words.length / 2) ? at : best,
  );
  return [short(words.slice(0, middle)), short(words.slice(middle + 1))];
}

const STEPS_ASIDE = [[0, 0]];
for (const radius of [1, 2, 3, 4.5]) {
  for (const [across, down] of [[0, -1], [0, 1], [0.8, -0.7], [-0.8, -0.7], [0.8, 0.7], [-0.8, 0.7], [1.6, 0], [-1.6, 0]]) {
    STEPS_ASIDE.push([radius * across, radius * down]);
  }
}

// The free place nearest to a label's spot, or null where there is none.
function freeBox(x, y, width, height, view, taken) {
  const steps = view.size < 8 ? STEPS_ASIDE : STEPS_ASIDE.slice(1); // large points are not written upon
  for (const [across, down] of steps) {
    const left = Math.min(Math.max(x + across * 16 - width / 2, 4), view.width - width - 4);
    const top = Math.min(Math.max(y + down * 16 - height / 2, 4), view.height - height - 4);
    const box = [left, top, left + width, top + height];
    if (left >= 4 && top >= 4 && taken.every((other) => apart(box, other))) return box;
  }
  return null;
}

function apart([left, top, right, bottom], other) {
  return right < other[0] || left > other[2] || bottom < other[1] || top > other[3];
}

class Overlay {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
  }

  begin(view, theme) {
    const { context } = this;
    this.view = view;
    this.theme = theme;
    this.taken = [];
    context.setTransform(view.ratio, 0, 0, view.ratio, 0, 0);
    context.clearRect(0, 0, view.width, view.height);
    context.lineJoin = "round";
    context.textBaseline = "middle";
  }

  write(text, x, y, { size = 13, weight = 600 } = {}) {
    const { context, theme } = this;
    context.font = `${weight} ${size}px ${theme.font}`;
    context.lineWidth = 4;
    context.strokeStyle = css(theme.paper, 0.88);
    context.strokeText(text, x, y);
    context.fillStyle = css(theme.ink);
    context.fillText(text, x, y);
  }

  // Words at the four ends of the map, on plates: songs lie under them as soon as a person zooms in.
  axes(axes) {
    const { context, view, theme } = this;
    const most = { across: view.width * 0.6, up: view.height * 0.6 };
    const ends = [
      [axes.top && `↑ ${axes.top}`, view.width / 2, 12, 0, most.across],
      [axes.bottom && `↓ ${axes.bottom}`, view.width / 2, view.height - 12, 0, most.across],
      [axes.left && `↑ ${axes.left}`, 12, view.height / 2, -Math.PI / 2, most.up],
      [axes.right && `↑ ${axes.right}`, view.width - 12, view.height / 2, Math.PI / 2, most.up],
    ];
    context.textAlign = "center";
    for (const [words, x, y, turn, room] of ends) {
      if (!words) continue;
      context.save();
      context.translate(x, y);
      context.rotate(turn);
      const text = this.fitted(words, room);
      const half = context.measureText(text).width / 2;
      context.fillStyle = css(theme.paper, 0.86);
      context.beginPath();
      context.roundRect(-half - 7, -10, 2 * half + 14, 20, 6);
      context.fill();
      this.write(text, 0, 0, { size: 12, weight: 500 });
      context.restore();
      const [across, down] = turn ? [12, half + 9] : [half + 9, 12];
      this.taken.push([x - across, y - down, x + across, y + down]);
    }
    this.axisBoxes = [...this.taken];
  }

  fitted(words, room) {
    this.context.font = `500 12px ${this.theme.font}`;
    let text = words;
    while (text.length > 4 && this.context.measureText(text).width > room) {
      text = `${text.slice(0, -2).trimEnd()}…`;
    }
    return text;
  }

  // Labels, the most important first: each takes the free place nearest to its spot, or is left out.
  labels(labels) {
    const { context, view } = this;
    const shown = [];
    context.textAlign = "left";
    for (const { group, shape, words, spot, colour } of labels) {
      const [x, y] = view.toScreen(spot);
      if (x < 0 || y < 0 || x > view.width || y > view.height) continue;
      context.font = `600 13px ${this.theme.font}`;
      const text = lines(words);
      const width = Math.max(...text.map((line) => context.measureText(line).width)) + (colour ? 18 : 4);
      const box = freeBox(x, y, width, 16 * text.length + 2, view, this.taken);
      if (!box) continue;
      this.taken.push(box);
      const middle = (box[1] + box[3]) / 2;
      if (colour) this.sign(shape, box[0] + 7, middle, colour);
      text.forEach((line, at) => {
        this.write(line, box[0] + (colour ? 17 : 2), middle + (at - (text.length - 1) / 2) * 16);
      });
      shown.push({ group, box });
    }
    return shown;
  }

  sign(shape, x, y, colour) {
    const { context, theme } = this;
    const path = shapePath(shape, x, y, 5.5);
    context.strokeStyle = css(theme.paper);
    context.lineWidth = 4;
    context.stroke(path);
    context.fillStyle = css(colour);
    context.fill(path, "evenodd");
  }

  rings(points, radius, { bold = false } = {}) {
    const { context, theme } = this;
    const path = new Path2D();
    for (const [x, y] of points) {
      path.moveTo(x + radius, y);
      path.arc(x, y, radius, 0, 2 * Math.PI);
    }
    context.strokeStyle = css(theme.paper, 0.9);
    context.lineWidth = bold ? 6 : 4;
    context.stroke(path);
    context.strokeStyle = css(bold ? theme.mark : theme.ink);
    context.lineWidth = bold ? 3 : 1.6;
    context.stroke(path);
  }

  road(points) {
    const { context, theme } = this;
    const path = new Path2D();
    points.forEach(([x, y], at) => path[at ? "lineTo" : "moveTo"](x, y));
    for (const [width, colour] of [[4, css(theme.paper, 0.8)], [1.8, css(theme.ink, 0.9)]]) {
      context.lineWidth = width;
      context.strokeStyle = colour;
      context.stroke(path);
    }
  }

  lasso(points, closed) {
    const { context, theme } = this;
    const path = new Path2D();
    points.forEach(([x, y], at) => path[at ? "lineTo" : "moveTo"](x, y));
    if (closed) path.closePath();
    context.fillStyle = css(theme.mark, 0.12);
    context.fill(path, "evenodd");
    context.setLineDash([6, 4]);
    context.lineWidth = 2;
    context.strokeStyle = css(theme.mark);
    context.stroke(path);
    context.setLineDash([]);
  }
}

// ---------------------------------------------------------------- small things of the page

function make(tag, given = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (name === "text") element.textContent = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

function swatch(shape, colour) {
  const canvas = make("canvas", { class: "starmap-swatch", width: 28, height: 28, "aria-hidden": "true" });
  const context = canvas.getContext("2d");
  context.fillStyle = css(colour);
  context.fill(shapePath(shape, 14, 14, 12), "evenodd");
  return canvas;
}

function counted(number) {
  return number.toLocaleString("en-US");
}

function songs(number) {
  return `${counted(number)} ${number === 1 ? "song" : "songs"}`;
}

// At most `most` of the corners of a line, those that say most of its way.
function simplified(points, most) {
  let tolerance = 1.2;
  let kept = points;
  while (kept.length > most || tolerance === 1.2) {
    kept = [points[0]];
    for (const point of points) {
      const [x, y] = kept[kept.length - 1];
      if (Math.hypot(point[0] - x, point[1] - y) >= tolerance * 2) kept.push(point);
    }
    tolerance *= 1.4;
  }
  return kept;
}

// ---------------------------------------------------------------- legend

class Legend {
  constructor(changed) {
    this.element = make("div", { class: "starmap-legend" });
    this.hidden = new Set();
    this.changed = changed;
  }

  // `groups` are {name, colour, size} by number; the last may stand for songs that have none.
  show(colouring, groups, colourOf, unknown) {
    this.groups = groups;
    const heading = make("div", { class: "starmap-legend-title", text: colouring.title });
    if (colouring.kind === "ramp") {
      this.element.replaceChildren(heading, this.ramp(colouring, colourOf), this.rest(unknown, colourOf(NO_GROUP)));
      return;
    }
    const everything = make("button", {
      type: "button", class: "starmap-everything", text: "Show all", onclick: () => this.set(new Set()),
    });
    heading.append(everything);
    this.everything = everything;
    this.list = make("ul", {}, ...groups.map((group, number) => this.row(group, number, colourOf(number))));
    this.element.replaceChildren(heading, this.list);
    this.mark();
  }

  row(group, number, colour) {
    const toggle = make(
      "button",
      {
        type: "button",
        class: "starmap-toggle",
        title: `${group.name}: click hides or shows, double click shows only this`,
        onclick: (event) => (event.altKey ? this.isolate(number) : this.toggle(number)),
        ondblclick: () => this.isolate(number),
      },
      swatch(group.shape, colour),
      make("span", { class: "starmap-name", text: group.name }),
      make("span", { class: "starmap-count", text: counted(group.size) }),
    );
    const only = make("button", {
      type: "button",
      class: "starmap-only",
      text: "only",
      title: `Show only ${group.name}`,
      "aria-label": `Show only ${group.name}`,
      onclick: () => this.isolate(number),
    });
    return make("li", { "data-group": String(number) }, toggle, only);
  }

  ramp(colouring, colourOf) {
    const stops = Array.from({ length: 12 }, (_, at) => css(colourOf(Math.round((at / 11) * RAMP_END))));
    const bar = make("div", { class: "starmap-ramp" });
    bar.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
    const ends = make("div", { class: "starmap-ends" }, make("span", { text: colouring.low }), make("span", { text: colouring.high }));
    const ticks = make("div", { class: "starmap-ends starmap-ticks" }, ...(colouring.ticks ?? []).map((text) => make("span", { text })));
    return make("div", {}, ends, bar, ticks);
  }

  rest(unknown, colour) {
    if (!unknown) return make("span");
    return make(
      "div",
      { class: "starmap-rest" },
      swatch(0, colour),
      make("span", { class: "starmap-name", text: "not known" }),
      make("span", { class: "starmap-count", text: counted(unknown) }),
    );
  }

  toggle(number) {
    const hidden = new Set(this.hidden);
    if (!hidden.delete(number)) hidden.add(number);
    this.set(hidden.size === this.groups.length ? new Set() : hidden);
  }

  isolate(number) {
    const alone = this.hidden.size === this.groups.length - 1 && !this.hidden.has(number);
    if (alone) this.set(new Set());
    else this.showOnly(number);
  }

  showOnly(number) {
    this.set(new Set([...this.groups.keys()].filter((other) => other !== number)));
  }

  set(hidden) {
    this.hidden = hidden;
    this.mark();
    this.changed();
  }

  mark() {
    this.everything.hidden = !this.hidden.size;
    for (const row of this.list.children) {
      const off = this.hidden.has(Number(row.dataset.group));
      row.classList.toggle("starmap-off", off);
      row.firstChild.setAttribute("aria-pressed", String(!off));
    }
  }
}

// ---------------------------------------------------------------- the map

const HELP =
  "Arrow keys move, plus and minus zoom, 0 shows all, Enter chooses the song in the middle, Escape clears. " +
  "Shift and drag, or the button Lasso, draws around songs.";

class StarMap {
  constructor(parent) {
    this.parts = new Map();
    this.pointers = new Map();
    this.turn = 0;
    this.slice = FIRST_SLICE;
    this.drawn = 0;
    this.picked = null;
    this.hover = null;
    this.polygon = null;
    this.build();
    parent.append(this.root);
    this.root.starmap = this.handle();
    this.watch();
  }

  // ------------------------------------------------ elements

  build() {
    this.canvas = make("canvas", { "aria-hidden": "true" });
    this.over = make("canvas", { "aria-hidden": "true" });
    this.overlay = new Overlay(this.over);
    this.tip = make("div", { class: "starmap-tip", role: "tooltip", hidden: true });
    this.stage = make("div", { class: "starmap-stage", tabindex: "0", role: "application" }, this.canvas, this.over, this.tip);
    this.status = make("div", { class: "starmap-status", role: "status", text: "The map is being loaded." });
    this.note = make("div", { class: "starmap-note" });
    this.table = make("div", { class: "starmap-table" });
    this.legend = new Legend(() => this.recolour());
    this.bar = this.buildBar();
    const main = make("div", { class: "starmap-main" }, this.bar, this.stage, make("div", { class: "starmap-foot" }, this.status, this.note));
    const body = make("div", { class: "starmap-body" }, main, this.legend.element);
    this.root = make("div", { class: "starmap" }, body, this.table);
  }

  buildBar() {
    const button = (text, title, onclick, given = {}) =>
      make("button", { type: "button", text, title, onclick, ...given });
    this.lassoButton = button("Lasso", "Draw around songs (or hold Shift and drag)", () => this.arm(!this.armed), { "aria-pressed": "false", "data-act": "lasso" });
    this.clearButton = button("Clear", "Forget what was drawn and chosen (Escape)", () => this.escape(), { "data-act": "clear", hidden: true });
    return make(
      "div",
      { class: "starmap-bar", role: "toolbar", "aria-label": "Map" },
      button("+", "Zoom in (+)", () => this.zoomBy(1.6), { "aria-label": "Zoom in", "data-act": "in" }),
      button("−", "Zoom out (−)", () => this.zoomBy(1 / 1.6), { "aria-label": "Zoom out", "data-act": "out" }),
      button("All", "Show all songs (0)", () => this.goHome(), { "aria-label": "Show all songs", "data-act": "all" }),
      this.lassoButton,
      this.clearButton,
      button("Save picture", "Save the map as a PNG picture", () => this.savePicture(), { "data-act": "picture" }),
    );
  }

  handle() {
    return {
      screen_of: (place) => {
        const corner = this.stage.getBoundingClientRect();
        const [x, y] = this.view.toScreen(this.places.at(place));
        return [corner.left + x, corner.top + y];
      },
      hovered: () => (this.hover === null ? null : this.told(this.hover)),
      camera: () => ({ x: this.camera.x, y: this.camera.y, zoom: this.camera.zoom }),
      set_camera: (camera) => {
        this.halt(); // a flight still under way would carry the camera back
        this.move(camera);
      },
      picked: () => this.picked,
      lasso: () => this.polygon,
      labels: () => this.shownLabels ?? [],
      axis_boxes: () => this.overlay.axisBoxes ?? [],
    };
  }

  watch() {
    const stage = this.stage;
    const on = (target, name, does, options) => {
      target.addEventListener(name, does, { signal: this.ending.signal, ...options });
    };
    this.ending = new AbortController();
    on(stage, "pointerdown", (event) => this.pointerDown(event));
    on(stage, "pointermove", (event) => this.pointerMove(event));
    on(stage, "pointerup", (event) => this.pointerUp(event));
    on(stage, "pointercancel", (event) => this.pointerUp(event, true));
    on(stage, "pointerleave", (event) => this.pointers.size || event.pointerType === "touch" || this.setHover(null));
    on(stage, "wheel", (event) => this.wheel(event), { passive: false });
    on(stage, "keydown", (event) => this.key(event));
    on(stage, "pointerenter", () => this.readTheme() && this.recolour());
    on(window, "wheel", (event) => this.wheelElsewhere(event), { passive: true, capture: true });
    on(this.canvas, "webglcontextlost", (event) => this.contextLost(event));
    on(this.canvas, "webglcontextrestored", () => this.contextBack());
    on(matchMedia("(prefers-color-scheme: dark)"), "change", () => this.readTheme() && this.recolour());
    this.resizing = new ResizeObserver(() => this.resize());
    this.resizing.observe(stage);
  }

  close() {
    this.ending.abort();
    this.resizing.disconnect();
    cancelAnimationFrame(this.frame);
    clearTimeout(this.asking);
    this.painter?.free();
    this.root.remove();
  }

  // ------------------------------------------------ what the map is told

  async update(data, tell) {
    this.tell = tell;
    const turn = (this.turn += 1);
    try {
      const [codes, clusters, groups] = await this.fetchParts(data);
      if (turn === this.turn) this.accept(data, codes, clusters, groups);
    } catch (error) {
      if (turn !== this.turn) return;
      this.root.dataset.error = String(error.message);
      this.status.textContent = `The map could not be loaded: ${error.message}. Load the page again.`;
    }
  }

  fetchParts(data) {
    const wanted = [data.places, data.labels, data.colouring.part].filter(Boolean);
    const keys = new Set(wanted.map(partKey));
    for (const key of this.parts.keys()) if (!keys.has(key)) this.parts.delete(key);
    for (const part of wanted) {
      const key = partKey(part);
      if (this.parts.has(key)) continue;
      const loading = partBytes(part);
      loading.catch(() => this.parts.delete(key));
      this.parts.set(key, loading);
    }
    const { part } = data.colouring;
    return Promise.all([
      this.parts.get(partKey(data.places)),
      this.parts.get(partKey(data.labels)),
      part ? this.parts.get(partKey(part)) : null,
    ]);
  }

  accept(data, codes, clusters, groups) {
    const before = this.data;
    this.data = data;
    const placed = partKey(data.places) + String(data.bounds);
    const moved = placed !== this.placed;
    if (moved) {
      this.placed = placed;
      this.places = new Places(decodeCodes(codes), data.bounds);
      this.hover = this.picked = this.polygon = this.subset = null;
    }
    if (moved || partKey(data.names) !== partKey(before?.names)) {
      this.names = new Names(data.names, this.places.n, () => this.namesArrived());
      this.buildSearch();
    }
    this.clusters = decodeGroups(clusters, this.places.n);
    this.values = data.colouring.kind === "ramp" ? new Uint16Array(groups.buffer, groups.byteOffset, this.places.n) : null;
    if (this.values) this.groups = rampGroups(this.values);
    else this.groups = groups ? decodeGroups(groups, this.places.n) : this.clusters;
    this.settle(before, moved);
  }

  settle(before, moved) {
    const { data } = this;
    this.root.style.setProperty("--starmap-height", `${data.height ?? 620}px`);
    this.note.textContent = data.axes?.note ?? "";
    this.stage.setAttribute(
      "aria-label",
      `Map of ${songs(this.places.n)} in ${data.clusters.length} clusters. ${HELP}`,
    );
    if (moved) this.camera = null;
    const painter = this.choosePainter();
    if (moved || painter) this.painter.load(this.places);
    this.resize();
    if (!before || groupsKey(before) !== groupsKey(data)) this.legend.hidden = new Set();
    this.readTheme();
    this.painter.group(this.groups, this.places.order, this.nGroups());
    this.recolour();
    if (!before || (data.picked ?? null) !== (before.picked ?? null)) this.picked = data.picked ?? null;
    this.takeLasso(before);
    this.names.ask(this.picked);
    this.root.dataset.n = String(this.places.n);
    this.showStatus();
    const flight = data.fly_to;
    if (flight && flight.n !== (before?.fly_to?.n ?? null)) this.fly(flight.place);
    const alone = data.only;
    if (alone && alone.n !== this.alone) this.legend.showOnly(alone.group);
    this.alone = alone?.n ?? this.alone;
  }

  takeLasso(before) {
    const lasso = this.data.lasso ?? null;
    if (before && JSON.stringify(lasso) === JSON.stringify(before.lasso ?? null)) return;
    this.polygon = lasso;
    this.inside = lasso ? this.places.countInside(lasso) : 0;
  }

  nGroups() {
    return this.data.colouring.kind === "ramp" ? RAMP_END + 1 : this.legendGroups().length;
  }

  // The groups of the colouring, each with a name, a colour and a size.
  legendGroups() {
    const { data } = this;
    return data.colouring.kind === "named" ? data.colouring.groups : data.clusters;
  }

  buildSearch() {
    this.search?.remove();
    this.search = null;
    if (!this.data.search || !this.data.names) return;
    const list = make("ul", { class: "starmap-found", role: "listbox", "aria-label": "Songs found", hidden: true });
    const field = make("input", {
      type: "search",
      placeholder: "Find a song or artist",
      "aria-label": "Find a song or artist",
      autocomplete: "off",
      onfocus: () => this.names.all(),
      oninput: () => this.find(field, list),
      onkeydown: (event) => this.searchKey(event, field, list),
      onblur: () => setTimeout(() => (list.hidden = true), 200),
    });
    this.search = make("div", { class: "starmap-search" }, field, list);
    this.bar.append(this.search);
  }

  async find(field, list) {
    const text = field.value;
    const found = await this.names.find(text);
    if (text !== field.value) return;
    const entries = found.map((place) => {
      const { title, artist } = this.told(place);
      const entry = make("li", { role: "option", "data-place": String(place) }, make("b", { text: title || "A song without a title" }), make("span", { text: artist }));
      entry.addEventListener("pointerdown", (event) => {
        event.preventDefault();
        this.choose(place, field, list);
      });
      return entry;
    });
    const nothing = make("li", { class: "starmap-nothing", text: "No song of that name on this map" });
    list.replaceChildren(...(entries.length || !text.trim() ? entries : [nothing]));
    list.hidden = !text.trim();
  }

  searchKey(event, field, list) {
    const entries = [...list.querySelectorAll("[data-place]")];
    const at = entries.findIndex((entry) => entry.getAttribute("aria-selected") === "true");
    if (event.key === "Enter" && entries.length) {
      this.choose(Number(entries[Math.max(at, 0)].dataset.place), field, list);
    } else if (event.key === "Escape") {
      list.hidden = true;
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const next = (at + (event.key === "ArrowDown" ? 1 : entries.length + (at < 0 ? 0 : -1))) % (entries.length || 1);
      entries.forEach((entry, place) => entry.setAttribute("aria-selected", String(place === next)));
    } else return;
    event.preventDefault();
  }

  choose(place, field, list) {
    list.hidden = true;
    field.value = this.told(place).title;
    this.pick(place);
    this.fly(place);
  }

  // ------------------------------------------------ colours

  // Reads paper, ink and font from the style sheet; tells whether they are others than before.
  readTheme() {
    const style = getComputedStyle(this.root);
    const mark = getComputedStyle(this.note).getPropertyValue("outline-color");
    const key = [style.color, style.backgroundColor, style.fontFamily, mark].join(";");
    const changed = key !== this.theme?.key;
    this.theme = {
      key,
      paper: channels(style.backgroundColor),
      ink: channels(style.color),
      mark: channels(mark),
      font: style.fontFamily,
    };
    return changed && Boolean(this.data);
  }

  colourOf(group) {
    const { data, theme } = this;
    if (group === NO_GROUP) return channels(NOT_KNOWN);
    if (data.colouring.kind === "ramp") return legible(rampColour(group / RAMP_END), theme.paper);
    return legible(channels(this.legendGroups()[group].colour), theme.paper);
  }

  shapeOf(group) {
    if (group === NO_GROUP || this.data.colouring.kind === "ramp") return 0;
    return this.legendGroups()[group].shape;
  }

  recolour() {
    const ramp = this.data.colouring.kind === "ramp";
    const groups = [...Array(this.nGroups()).keys(), NO_GROUP];
    const palette = groups.map((group) => (ramp || this.isShown(group) ? this.colourOf(group) : null));
    this.painter.colours(palette, groups.map((group) => this.shapeOf(group)));
    this.showLegend(ramp);
    this.countVisible(ramp);
    this.view = this.makeView();
    this.redraw();
  }

  showLegend(ramp) {
    const key = `${this.theme.key}${groupsKey(this.data)}${this.groups.length}`;
    if (key === this.legendKey && this.groups === this.legendOf) return;
    this.legendKey = key;
    this.legendOf = this.groups;
    this.sizes = sizesOf(this.groups);
    const colouring = { title: "Clusters", ...this.data.colouring };
    const unknown = this.sizes.get(NO_GROUP) ?? 0;
    this.legend.show(colouring, ramp ? [] : this.legendGroups(), (group) => this.colourOf(group), unknown);
    this.showTable();
  }

  countVisible(ramp) {
    let visible = this.places.n;
    if (!ramp && this.legend.hidden.size) {
      visible = 0;
      for (const [group, size] of this.sizes) if (this.isShown(group)) visible += size;
    }
    this.root.dataset.visible = String(visible);
  }

  isShown(group) {
    return !this.legend.hidden.size || (group !== NO_GROUP && !this.legend.hidden.has(group));
  }

  // ------------------------------------------------ painter

  choosePainter() {
    if (this.painter) return false;
    const gl = this.data.still ? null : GlPainter.context(this.canvas);
    if (gl) this.painter = new GlPainter(this.canvas, gl);
    else this.useStill(this.data.still ? "" : "This browser shows no WebGL2 pictures, so the map is drawn without it");
    return true;
  }

  useStill(why) {
    const canvas = make("canvas", { "aria-hidden": "true" });
    this.stillCanvas = canvas;
    this.canvas.after(canvas);
    this.canvas.hidden = true;
    this.painter = new StillPainter(canvas);
    const most = Math.min(STILL_SONGS, this.places.n);
    const part = most < this.places.n ? `: ${counted(most)} of ${songs(this.places.n)}, drawn by chance` : "";
    this.why = why ? `${why}${part}.` : `A still picture${part}.`;
    this.root.dataset.still = "true";
    this.showTable();
  }

  contextLost(event) {
    event.preventDefault();
    if (this.ending.signal.aborted) return;
    this.glPainter = this.painter;
    this.useStill("The graphics card lost the picture, so the map is drawn without it for now");
    this.repaint();
  }

  contextBack() {
    this.stillCanvas.remove();
    this.canvas.hidden = false;
    this.painter = new GlPainter(this.canvas, this.canvas.getContext("webgl2"));
    this.why = "";
    delete this.root.dataset.still;
    this.showTable();
    this.repaint();
  }

  repaint() {
    this.subset = null;
    this.painter.load(this.places);
    this.resize();
    this.painter.group(this.groups, this.places.order, this.nGroups());
    this.recolour();
    this.showStatus();
  }

  showTable() {
    const rows = this.data.clusters.map((cluster) => {
      const colour = legible(channels(cluster.colour), this.theme?.paper ?? [255, 255, 255]);
      return make(
        "tr",
        {},
        make("td", {}, swatch(cluster.shape, colour)),
        make("th", { scope: "row", text: cluster.name }),
        make("td", { text: counted(cluster.size) }),
      );
    });
    const head = make("tr", {}, ...["Colour", "Cluster", "Songs"].map((text) => make("th", { scope: "col", text })));
    const table = make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows));
    this.table.replaceChildren(...(this.why ? [make("p", { text: this.why }), table] : []));
  }

  // ------------------------------------------------ camera

  homeCamera() {
    const [left, bottom, right, top] = this.data.home ?? this.data.bounds;
    const spare = 26;
    const scale = Math.min(
      Math.max(this.width - 2 * spare, 40) / (right - left),
      Math.max(this.height - 2 * spare, 40) / (top - bottom),
    );
    return { x: (left + right) / 2, y: (bottom + top) / 2, scale, zoom: 1 };
  }

  resize() {
    this.width = Math.max(this.stage.clientWidth, 1);
    this.height = Math.max(this.stage.clientHeight, 1);
    this.ratio = Math.min(window.devicePixelRatio || 1, 3);
    if (!this.data) return;
    for (const canvas of [this.painter?.canvas, this.over]) {
      const [across, down] = [Math.round(this.width * this.ratio), Math.round(this.height * this.ratio)];
      if (canvas && (canvas.width !== across || canvas.height !== down)) {
        canvas.width = across;
        canvas.height = down;
      }
    }
    this.home = this.homeCamera();
    this.camera = { ...(this.camera ?? this.home) };
    this.move({});
  }

  // Moves to given parts of {x, y, zoom}: x and y in map coordinates, zoom 1 shows all songs.
  move({ x = this.camera.x, y = this.camera.y, zoom = this.camera.zoom }) {
    const [left, bottom, right, top] = this.data.bounds;
    const near = Math.min(Math.max(zoom, MIN_ZOOM), MAX_ZOOM);
    this.camera = {
      x: Math.min(Math.max(x, left), right),
      y: Math.min(Math.max(y, bottom), top),
      zoom: near,
      scale: this.home.scale * near,
    };
    this.root.dataset.zoom = near.toFixed(3);
    this.view = this.makeView();
    this.redraw();
  }

  makeView() {
    const { camera, width, height, ratio } = this;
    const apart = Math.sqrt((width * height * camera.zoom ** 2) / Math.max(this.places.n, 1));
    return {
      ...camera,
      width,
      height,
      ratio,
      bounds: this.data.bounds,
      size: Math.min(Math.max(apart * 0.42, 1.7), width < 500 ? 11 : 13),
      opacity: Math.min(Math.max(0.4 + apart * 0.035, 0.42), 0.86),
      shaped: this.data.colouring.kind !== "ramp",
      paper: this.theme?.paper ?? [255, 255, 255],
      toScreen: ([x, y]) => [width / 2 + (x - camera.x) * camera.scale, height / 2 - (y - camera.y) * camera.scale],
      toMap: ([x, y]) => [camera.x + (x - width / 2) / camera.scale, camera.y - (y - height / 2) / camera.scale],
    };
  }

  box(margin = 0) {
    const { view } = this;
    const [left, top] = view.toMap([-margin * view.width, -margin * view.height]);
    const [right, bottom] = view.toMap([(1 + margin) * view.width, (1 + margin) * view.height]);
    return [left, bottom, right, top];
  }

  zoomBy(factor, [x, y] = [this.width / 2, this.height / 2]) {
    this.halt();
    const before = this.view.toMap([x, y]);
    this.move({ zoom: this.camera.zoom * factor });
    const after = this.view.toMap([x, y]);
    this.move({ x: this.camera.x + before[0] - after[0], y: this.camera.y + before[1] - after[1] });
  }

  pan(across, down) {
    this.halt();
    this.move({ x: this.camera.x - across / this.camera.scale, y: this.camera.y + down / this.camera.scale });
  }

  goHome() {
    this.glide({ x: this.home.x, y: this.home.y, zoom: 1 });
  }

  fly(place) {
    const [x, y] = this.places.at(place);
    const zoom = Math.min(Math.max(Math.sqrt(this.places.n / 500), 2.5), 30);
    this.glide({ x, y, zoom: Math.max(zoom, Math.min(this.camera.zoom, 60)) });
  }

  glide(goal) {
    this.halt();
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
      this.move(goal);
      return;
    }
    const from = this.camera;
    const start = performance.now();
    const step = (now) => {
      const share = Math.min((now - start) / 650, 1);
      const eased = share * share * (3 - 2 * share);
      const zoom = from.zoom * (goal.zoom / from.zoom) ** eased;
      // Straight on the screen: the way is covered as the zoom is.
      const way = Math.abs(goal.zoom - from.zoom) < 1e-3 ? eased : (1 / from.zoom - 1 / zoom) / (1 / from.zoom - 1 / goal.zoom);
      this.gliding = share < 1 ? requestAnimationFrame(step) : 0;
      this.move({ x: from.x + (goal.x - from.x) * way, y: from.y + (goal.y - from.y) * way, zoom });
    };
    this.gliding = requestAnimationFrame(step);
  }

  halt() {
    cancelAnimationFrame(this.gliding);
    this.gliding = 0;
  }

  // ------------------------------------------------ drawing

  // Songs are drawn slice by slice, in shuffled order: a camera that moves shows the first slice, a fair
  // sample of them, and one that rests soon shows all.
  redraw() {
    this.drawn = 0;
    this.schedule();
  }

  schedule() {
    if (!this.frame && this.painter) this.frame = requestAnimationFrame((now) => this.paint(now));
  }

  paint(now) {
    this.frame = 0;
    if (!this.width || !this.view) return;
    this.pace(now);
    const inside = this.subset && holds(this.subset.box, this.box()) ? this.subset : null;
    const total = Math.min(inside ? inside.n : this.places.n, this.painter.limit);
    const to = Math.min(this.drawn + this.slice, total);
    if (this.drawn === 0 || to > this.drawn) this.painter.draw(this.view, this.drawn, to, Boolean(inside));
    this.drawn = to;
    this.isBusy = to < total;
    if (this.isBusy) this.schedule();
    else this.rest();
    this.paintOver();
  }

  // Keeps the slices as large as the device draws in about a thirtieth of a second.
  pace(now) {
    const took = now - this.painted;
    this.painted = now;
    if (!this.isBusy) return;
    if (took > 45) this.slice = Math.max(20000, this.slice * 0.75);
    else if (took < 24) this.slice = Math.min(1000000, this.slice * 1.2);
    this.slice = Math.round(this.slice);
  }

  // Everything is drawn: time for what is too slow while the camera moves.
  rest() {
    this.root.dataset.ready = "true";
    clearTimeout(this.resting);
    this.resting = setTimeout(() => {
      if (this.ending.signal.aborted) return;
      this.narrow();
      this.findSpots();
      this.paintOver();
    }, 120);
  }

  // Near by, only the songs around the view are drawn.
  narrow() {
    const box = this.box(0.6);
    if (this.camera.zoom < 1.5 || (this.subset && holds(this.subset.box, this.box(0.2)) && this.subset.zoom * 2.5 > this.camera.zoom)) return;
    const ranks = [];
    this.places.visit(box, (place) => ranks.push(this.places.rank[place]));
    this.subset = null;
    if (ranks.length > this.places.n * 0.5 || ranks.length > 400000) return;
    const sorted = Uint32Array.from(ranks).sort();
    this.painter.select(sorted);
    this.subset = { box, n: sorted.length, zoom: this.camera.zoom };
    if (this.painter instanceof StillPainter) this.redraw();
  }

  // The densest visible place of every group, for labels where its own spot is out of sight.
  findSpots() {
    const cells = 24;
    const groups = this.labelGroups();
    const counts = new Map();
    const totals = new Float64Array(cells * cells);
    const [left, bottom, right, top] = this.box();
    let seen = 0;
    const count = (place) => {
      const [x, y] = this.places.at(place);
      if (x < left || x >= right || y < bottom || y >= top) return;
      const cell = Math.floor(((x - left) / (right - left)) * cells) * cells + Math.floor(((y - bottom) / (top - bottom)) * cells);
      const group = groups[place];
      if (!counts.has(group)) counts.set(group, new Float64Array(cells * cells));
      counts.get(group)[cell] += 1;
      totals[cell] += 1;
      seen += 1;
    };
    const { order, n } = this.places;
    for (let rank = 0; rank < Math.min(n, SAMPLE); rank += 1) count(order[rank]);
    this.spots = new Map();
    for (const [group, own] of counts) {
      let best = 0;
      let size = 0;
      for (let cell = 0; cell < own.length; cell += 1) {
        size += own[cell];
        if (own[cell] ** 2 * (totals[best] || 1) > own[best] ** 2 * (totals[cell] || 1)) best = cell;
      }
      if (size < seen * 0.02 && size < 3) continue;
      const [across, up] = [Math.floor(best / cells), best % cells];
      this.spots.set(group, {
        size,
        spot: [left + ((across + 0.5) / cells) * (right - left), bottom + ((up + 0.5) / cells) * (top - bottom)],
      });
    }
  }

  labelGroups() {
    return this.data.colouring.kind === "named" ? this.groups : this.clusters;
  }

  labels() {
    const ramp = this.data.colouring.kind === "ramp";
    const inView = ([x, y]) => x > 0 && y > 0 && x < this.width && y < this.height;
    const labels = [];
    this.legendGroups().forEach((group, number) => {
      if (!ramp && !this.isShown(number)) return;
      const own = group.spot && inView(this.view.toScreen(group.spot)) ? group.spot : null;
      const found = this.spots?.get(number);
      const spot = own ?? found?.spot;
      if (spot) labels.push({ group: number, shape: this.shapeOf(number), words: group.name, spot, size: group.size, colour: ramp ? null : this.colourOf(number) });
    });
    const most = Math.min(Math.max(Math.round((this.width * this.height) / 16000), 6), 28);
    return labels.sort((one, other) => other.size - one.size).slice(0, most);
  }

  paintOver() {
    const { overlay, view, data } = this;
    overlay.begin(view, this.theme);
    const at = (place) => view.toScreen(this.places.at(place));
    const marked = (data.marked ?? []).filter((place) => place < this.places.n);
    if (data.line && marked.length > 1) overlay.road(marked.map(at));
    if (this.path) overlay.lasso(this.path, false);
    if (this.polygon) overlay.lasso(this.polygon.map(view.toScreen), true);
    overlay.axes(data.axes ?? {});
    this.shownLabels = overlay.labels(this.labels());
    const radius = Math.max(view.size / 2 + 2.5, 5);
    overlay.rings(marked.map(at), radius);
    if (this.picked !== null) overlay.rings([at(this.picked)], radius + 3, { bold: true });
    if (this.hover !== null) overlay.rings([at(this.hover)], radius + 1);
    this.placeTip();
  }

  // ------------------------------------------------ the song under the pointer

  nearest([x, y], reach) {
    const { view } = this;
    const [left, top] = view.toMap([x - reach, y - reach]);
    const [right, bottom] = view.toMap([x + reach, y + reach]);
    let best = null;
    let least = reach * reach;
    this.places.visit([left, bottom, right, top], (place) => {
      if (this.data.colouring.kind !== "ramp" && !this.isShown(this.groups[place])) return;
      const [px, py] = view.toScreen(this.places.at(place));
      const far = (px - x) ** 2 + (py - y) ** 2;
      if (far < least) [best, least] = [place, far];
    });
    return best;
  }

  told(place) {
    const [title, artist] = this.names.of(place) ?? ["", ""];
    const cluster = this.data.clusters[this.clusters[place]];
    const { colouring } = this.data;
    let value = "";
    if (colouring.kind === "named") value = colouring.groups[this.groups[place]]?.name ?? "";
    if (colouring.kind === "ramp") value = `${colouring.title} ${rampWords(this.values[place], colouring)}`;
    return { place, title, artist, group: cluster?.name ?? "in no cluster", value };
  }

  setHover(place) {
    if (place === this.hover) return;
    this.hover = place;
    clearTimeout(this.asking);
    if (place !== null && !this.names.of(place)) this.asking = setTimeout(() => this.names.ask(place), 60);
    this.fillTip();
    if (this.drawn) this.paintOver();
  }

  namesArrived() {
    this.fillTip();
    this.placeTip();
    this.showStatus();
  }

  fillTip() {
    this.tip.hidden = this.hover === null;
    if (this.hover === null) return;
    const { place, title, artist, group, value } = this.told(this.hover);
    const waiting = this.data.names && !this.names.of(place);
    const colour = this.colourOf(this.groups[place]);
    this.tip.replaceChildren(
      make("div", { class: "starmap-tip-title", text: title || (waiting ? "…" : "A song without a title") }),
      make("div", { text: artist }),
      make("div", { class: "starmap-tip-cluster" }, swatch(this.shapeOf(this.groups[place]), colour), make("span", { text: value ? `${value} · ${group}` : group })),
    );
  }

  placeTip() {
    if (this.hover === null || !this.view) return;
    const [x, y] = this.view.toScreen(this.places.at(this.hover));
    const { offsetWidth: wide, offsetHeight: tall } = this.tip;
    const left = x + 14 + wide > this.width - 4 ? x - 14 - wide : x + 14;
    const top = Math.min(Math.max(y - tall / 2, 4), Math.max(this.height - tall - 4, 4));
    this.tip.style.transform = `translate(${Math.round(Math.max(left, 4))}px, ${Math.round(top)}px)`;
  }

  pick(place) {
    if (place === this.picked) return;
    this.picked = place;
    this.names.ask(place);
    this.emit("picked", place);
    this.showStatus();
    if (this.drawn) this.paintOver();
  }

  emit(name, value) {
    this.tell?.(name, value);
    this.root.dispatchEvent(new CustomEvent(`starmap-${name}`, { detail: value, bubbles: true }));
  }

  showStatus() {
    const parts = [];
    if (this.polygon) parts.push(`${songs(this.inside)} inside the line.`);
    if (this.picked !== null) {
      const { title, artist, group } = this.told(this.picked);
      parts.push([title, artist && `by ${artist},`, `in ${group}.`].filter(Boolean).join(" "));
    }
    const how = matchMedia("(pointer: coarse)").matches ? "pinch to zoom, tap a song" : "scroll to zoom, click a song";
    if (!parts.length && this.places.n) parts.push(`${songs(this.places.n)}. Drag to move, ${how}.`);
    if (!this.places.n) parts.push("There is no song to show.");
    this.status.textContent = parts.join(" ");
    this.clearButton.hidden = !this.polygon && this.picked === null;
  }

  // ------------------------------------------------ pointers, wheel and keys

  spot(event) {
    const corner = this.stage.getBoundingClientRect();
    return [event.clientX - corner.left, event.clientY - corner.top];
  }

  pointerDown(event) {
    if (!this.view || event.button > 0) return;
    const at = this.spot(event);
    this.stage.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, at);
    this.halt();
    if (this.pointers.size === 1) {
      this.pressed = at;
      this.isDrag = false;
      this.path = this.armed || event.shiftKey ? [at] : null;
    } else {
      this.path = null;
      this.isDrag = true;
      this.pinch = this.pinching();
    }
  }

  pinching() {
    const [one, other] = [...this.pointers.values()];
    return {
      span: Math.max(Math.hypot(one[0] - other[0], one[1] - other[1]), 10),
      middle: [(one[0] + other[0]) / 2, (one[1] + other[1]) / 2],
    };
  }

  pointerMove(event) {
    if (!this.view) return;
    const at = this.spot(event);
    const before = this.pointers.get(event.pointerId);
    if (!before) {
      if (event.pointerType !== "touch") this.setHover(this.nearest(at, this.reach(event)));
      return;
    }
    this.pointers.set(event.pointerId, at);
    if (Math.hypot(at[0] - this.pressed[0], at[1] - this.pressed[1]) > CLICK_PIXELS) this.isDrag = true;
    if (this.pointers.size === 2) this.pinchTo();
    else if (this.path) {
      this.path.push(at);
      this.paintOver();
    } else if (this.isDrag) {
      this.setHover(null);
      this.pan(at[0] - before[0], at[1] - before[1]);
    }
  }

  reach(event) {
    return Math.max(event.pointerType === "touch" ? TOUCH_PIXELS : HOVER_PIXELS, this.view.size / 2 + 3);
  }

  pinchTo() {
    const now = this.pinching();
    this.setHover(null);
    this.pan(now.middle[0] - this.pinch.middle[0], now.middle[1] - this.pinch.middle[1]);
    this.zoomBy(now.span / this.pinch.span, now.middle);
    this.pinch = now;
  }

  pointerUp(event, cancelled = false) {
    if (!this.pointers.delete(event.pointerId) || this.pointers.size) return;
    const path = this.path;
    this.path = null;
    if (path && this.isDrag && !cancelled) this.endLasso(path);
    else if (!this.isDrag && !cancelled) {
      const place = this.nearest(this.spot(event), this.reach(event));
      this.setHover(place);
      this.pick(place);
    }
  }

  endLasso(path) {
    this.arm(false);
    const corners = simplified(path, LASSO_CORNERS).map(this.view.toMap);
    if (corners.length < 3) {
      this.paintOver();
      return;
    }
    this.polygon = corners;
    this.inside = this.places.countInside(corners);
    this.emit("lasso", corners);
    this.showStatus();
    this.paintOver();
  }

  arm(armed) {
    this.armed = armed;
    this.lassoButton.setAttribute("aria-pressed", String(armed));
    this.stage.classList.toggle("starmap-armed", armed);
  }

  escape() {
    this.arm(false);
    this.path = null;
    if (this.polygon) {
      this.polygon = null;
      this.emit("lasso", null);
    }
    this.pick(null);
    this.setHover(null);
    this.showStatus();
    if (this.view) this.paintOver();
  }

  // A page that is being scrolled goes on scrolling when the map comes under the pointer.
  wheelElsewhere(event) {
    if (!event.composedPath().includes(this.stage)) this.scrolled = event.timeStamp;
  }

  wheel(event) {
    if (!this.view) return;
    if (event.timeStamp - (this.scrolled ?? -1000) < 250 && !event.ctrlKey) {
      this.scrolled = event.timeStamp;
      return;
    }
    event.preventDefault();
    const pixels = event.deltaY * [1, 16, 200][event.deltaMode];
    this.zoomBy(Math.exp(-Math.min(Math.max(pixels, -300), 300) * (event.ctrlKey ? 0.01 : 0.0018)), this.spot(event));
  }

  key(event) {
    if (!this.view || event.ctrlKey || event.metaKey) return;
    const step = 0.14 * Math.min(this.width, this.height);
    const moves = { ArrowLeft: [step, 0], ArrowRight: [-step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    if (moves[event.key]) {
      this.pan(...moves[event.key]);
      this.lookAtMiddle();
    } else if (event.key === "+" || event.key === "=") this.zoomBy(1.4);
    else if (event.key === "-" || event.key === "_") this.zoomBy(1 / 1.4);
    else if (event.key === "0") this.goHome();
    else if (event.key === "Enter") this.pick(this.hover ?? this.lookAtMiddle());
    else if (event.key === "Escape") this.escape();
    else return;
    event.preventDefault();
  }

  lookAtMiddle() {
    const place = this.nearest([this.width / 2, this.height / 2], 60);
    this.setHover(place);
    return place;
  }

  // ------------------------------------------------ picture

  savePicture() {
    const { canvas } = this.painter;
    const sheet = make("canvas", { width: canvas.width, height: canvas.height });
    const context = sheet.getContext("2d");
    context.fillStyle = css(this.theme.paper);
    context.fillRect(0, 0, sheet.width, sheet.height);
    context.drawImage(canvas, 0, 0);
    context.drawImage(this.over, 0, 0);
    sheet.toBlob((blob) => {
      const address = URL.createObjectURL(blob);
      make("a", { href: address, download: "map_of_songs.png" }).click();
      setTimeout(() => URL.revokeObjectURL(address), 10000);
    });
  }
}

function groupsKey(data) {
  const { kind, title, groups } = data.colouring;
  const named = kind === "clusters" ? data.clusters : groups ?? [];
  return JSON.stringify([kind, title, named.map(({ name, colour, shape, size }) => [name, colour, shape, size])]);
}

function sizesOf(groups) {
  const counts = new Uint32Array(65536);
  for (let at = 0; at < groups.length; at += 1) counts[groups[at]] += 1;
  const sizes = new Map();
  counts.forEach((size, group) => size && sizes.set(group, size));
  return sizes;
}

function holds(outer, inner) {
  return outer[0] <= inner[0] && outer[1] <= inner[1] && outer[2] >= inner[2] && outer[3] >= inner[3];
}

// ---------------------------------------------------------------- in the app, and on a static page

const maps = new WeakMap();

// What a person does is told as triggers: a state that is set to the value it has would not be told again.
export default function starmap({ data, parentElement, setTriggerValue }) {
  let map = maps.get(parentElement);
  if (!map) {
    map = new StarMap(parentElement);
    maps.set(parentElement, map);
  }
  map.update(data, (name, value) => setTriggerValue?.(name, value));
  // The app also cleans up after calls that a newer one overtook: only a map that left the page is closed.
  return () => setTimeout(() => {
    if (map.root.isConnected) return;
    map.close();
    maps.delete(parentElement);
  });
}

for (const place of document.querySelectorAll("[data-starmap]")) {
  const settings = document.getElementById(place.dataset.starmap);
  if (settings && !place.querySelector(".starmap")) starmap({ data: JSON.parse(settings.textContent), parentElement: place });
}
