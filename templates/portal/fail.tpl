{{%AUTOESCAPE context="HTML"}}
<div class="card">
  <div class="form">
    <div><p class="muted small">{{status}}</p><h1>{{title}}</h1></div>
    <p>{{text}}</p>
    <div class="actions"><a class="btn btn--primary" href="/portal/">Back to the start</a></div>
  </div>
</div>
<p class="muted">Request <code>{{request_id}}</code></p>
