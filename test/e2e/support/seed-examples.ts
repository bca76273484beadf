// The examples of the specification, letter by letter; only host, port, token and camera are replaced by the tests.

/** Both tables' rows of endpoints. */
export const ENDPOINT_ROWS = `
| GET | \`/api/v2/info\` | 服务器信息 |
| GET | \`/api/v2/health\` | 健康状态 |
| GET | \`/api/v2/stats\` | 统计信息 |
| GET | \`/api/v2/paths/list\` | 路径列表 |
| GET | \`/api/v2/paths/get/:name\` | 获取路径详情 |
| GET | \`/api/v2/paths/query\` | 查询路径（带过滤） |
| POST | \`/api/v2/paths/message\` | 发送 WebSocket 广播消息 |
| POST | \`/api/v2/record/start\` | 开始录制 |
| POST | \`/api/v2/record/stop\` | 停止录制 |
| GET | \`/api/v2/record/task/:name\` | 获取录制任务状态 |
| GET | \`/api/v2/record/tasks\` | 获取所有录制任务 |
| GET | \`/api/v2/dashboard\` | Dashboard 数据 |
| GET | \`/api/v2/record/date/files\` | 按日期获取文件列表 |
| GET | \`/api/v2/record/favorite/files\` | 获取收藏文件列表 |
| POST | \`/api/v2/file/rename\` | 重命名文件 |
| POST | \`/api/v2/file/del\` | 删除文件 |
| POST | \`/api/v2/file/favorite\` | 移动文件到收藏 |
| POST | \`/api/v2/file/export/mp4\` | 导出为 MP4 格式 |
| GET | \`/api/v2/snapshot\` | 获取快照 |
| GET | \`/api/v2/publish/snapshot\` | 获取发布流快照 |
| GET | \`/api/v2/snapshot/config/:name\` | 获取快照配置 |
| POST | \`/api/v2/snapshot/config/:name\` | 保存快照配置 |
| ANY | \`/api/v2/proxy/device/*path\` | 代理到设备 |
| WS | \`/ws\` | WebSocket 实时通信连接 |
| GET | \`/res/*filepath\` | 访问录制文件 |
`;

/** Of the section about tokens. */
export const TOKEN_YML = `
# 启用 API Token 认证
apiAuth: true

# 应用 ID（用于生成和验证 token）
appid: "your-app-id"

# 应用密钥（用于签名 token）
appsecret: "your-app-secret"
`;

export const CURL_WITH_HEADER = `curl -H "Authorization: Bearer YOUR_TOKEN" \\
  http://localhost:9997/api/v2/paths/list`;

export const CURL_WITH_QUERY =
  'curl http://localhost:9997/api/v2/paths/list?access_token=YOUR_TOKEN';

export const WEBSOCKET_SCRIPT = `
// 创建 WebSocket 连接
const ws = new WebSocket('ws://localhost:9997/ws');

ws.onopen = () => {
    console.log('WebSocket connected');
};

ws.onmessage = (event) => {
    const message = JSON.parse(event.data);
    console.log('Received:', message);
};

ws.onerror = (error) => {
    console.error('WebSocket error:', error);
};
`;

export const CURL_MESSAGE = `curl -X POST http://localhost:9997/api/v2/paths/message \\
  -H "Content-Type: application/json" \\
  -d '{
    "type": "notification",
    "data": "Recording started"
  }'`;

export const CURL_RECORD_START = `curl -X POST http://localhost:9997/api/v2/record/start \\
  -H "Content-Type: application/json" \\
  -d '{
    "name": "mystream",
    "videoFormat": "mp4",
    "taskOutMinutes": 30,
    "fileName": "custom-name.mp4"
  }'`;

export const CURL_RECORD_STOP = `curl -X POST http://localhost:9997/api/v2/record/stop \\
  -H "Content-Type: application/json" \\
  -d '{
    "name": "mystream"
  }'`;

/** The whole configuration of the section with examples. */
export const EXAMPLE_YML = `
# API 服务
api: yes
apiAddress: :9997

# Token 认证
apiAuth: true
appid: "mediamtx-app"
appsecret: "your-secret-key-here"

# 录制路径
paths:
  mystream:
    source: rtsp://camera-ip/stream

    # 启用自动录制
    record: yes
    recordPath: ./recordings

    # 录制任务超时（秒）
    autoRecordTaskOutDuration: 1800

    # 文件清理（保留天数）
    recordClearDaysAgo: 30

    # 设备类型（用于智能录制）
    deviceType: network_capture

    # 彩色内容阈值
    recordMinThreshold: 60

    # 显示名称
    sourceName: "前门摄像头"
    groupName: "一楼"
    order: 1
    showList: true
`;
